import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { beginOidcReauthentication, beginOidcSignIn, finishOidcFlow, type ReplyOf } from '#libs/contracts';
import { Redacted } from '#libs/kernel';
import type { MessageClient } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import type { GatewayConfig } from '../config';
import { callerOf, contextOf, originOf, sessionIdOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { RateLimits } from '../limits/rate-limits';
import { Operation, Section } from '../openapi/operation';
import { ACCESS, CONFIG } from '../tokens';
import { FinishOidcFlowBody } from './oidc.dto';
import { OwnCookie } from './own-cookie';
import { PreviousSession } from './previous-session';
import { Public, Requires } from './requires';
import { SessionCookie } from './session-cookie';
import { ticketsOf } from './sign-in-messages';
import { begunOidcFlowReply, startedSessionReply } from './sign-in-replies';

@Controller('api/v1/auth/oidc')
@Section({
  name: 'Single sign-on',
  description:
    "Signing in with the company's OpenID Connect provider, where the operator has set one; 404 otherwise. The browser goes to `url`, and its page sends what it comes back with.",
})
export class OidcController {
  readonly #flow: OwnCookie;

  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    @Inject(CONFIG) config: GatewayConfig,
    private readonly cookie: SessionCookie,
    private readonly limits: RateLimits,
    private readonly previous: PreviousSession,
  ) {
    this.#flow = new OwnCookie('hklst-oidc', config);
  }

  @Post('begin')
  @HttpCode(200)
  @Public()
  @TakesNoQuery()
  @Operation({
    message: beginOidcSignIn,
    summary: 'Begin to sign in with single sign-on',
    description: 'Sets a cookie that binds the return to this browser, for ten minutes.',
    reply: begunOidcFlowReply,
    headers: ['cache-control'],
    errors: ['NOT_FOUND', 'PROVIDER_UNAVAILABLE', 'CROSS_SITE_REQUEST'],
  })
  async begin(@Req() request: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    return this.#begun(await this.access.send(beginOidcSignIn, {}, contextOf(request)), reply);
  }

  @Post('reauthenticate')
  @HttpCode(200)
  @Requires('begin-oidc-reauthentication')
  @TakesNoQuery()
  @Operation({
    message: beginOidcReauthentication,
    summary: 'Begin to prove again who you are, with single sign-on',
    description: 'The provider asks anew, however lately it did. Finished, it counts for five minutes.',
    reply: begunOidcFlowReply,
    headers: ['cache-control'],
    errors: ['NOT_FOUND', 'PROVIDER_UNAVAILABLE', 'CROSS_SITE_REQUEST'],
  })
  async reauthenticate(@Req() request: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const message = { caller: callerOf(request), sessionId: sessionIdOf(request) };
    return this.#begun(await this.access.send(beginOidcReauthentication, message, contextOf(request)), reply);
  }

  /** A flow can be finished once, and not again after a failure. */
  @Post('finish')
  @HttpCode(200)
  @Public()
  @TakesNoQuery()
  @Operation({
    message: finishOidcFlow,
    summary: 'Finish what was begun with single sign-on',
    description:
      'Takes the query that the provider sent the browser back with, once and from the browser that began. Who is not known yet needs an invitation, or a confirmed address in a domain that the operator has listed. Sets the cookie.',
    reply: startedSessionReply,
    headers: ['cache-control'],
    errors: [
      'AUTHENTICATION_REQUIRED',
      'EMAIL_NOT_VERIFIED',
      'SIGN_UP_CLOSED',
      'EMAIL_TAKEN',
      'NOT_FOUND',
      'FORBIDDEN',
      'ALREADY_MEMBER',
      'CONCURRENT_CHANGE',
      'QUOTA_EXCEEDED',
      'PROVIDER_UNAVAILABLE',
      'CROSS_SITE_REQUEST',
      'RATE_LIMITED',
    ],
  })
  async finish(
    @Body() body: FinishOidcFlowBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const previous = this.previous.of(request);
    const message = {
      flow: this.#flow.read(request),
      code: new Redacted(body.code),
      state: new Redacted(body.state),
      issuer: body.iss ?? null,
      ...ticketsOf(body),
      ...originOf(request),
    };
    const started = await this.limits.proved(request, () =>
      this.access.send(finishOidcFlow, message, contextOf(request)),
    );
    if (!started.isRenewed) await this.previous.end(previous, request);
    this.#flow.clear(reply);
    this.cookie.set(reply, started);
    return { data: { expires_at: started.expiresAt } };
  }

  #begun({ url, flow, seconds }: ReplyOf<typeof beginOidcSignIn>, reply: FastifyReply) {
    this.#flow.set(reply, flow, seconds);
    return { data: { url } };
  }
}
