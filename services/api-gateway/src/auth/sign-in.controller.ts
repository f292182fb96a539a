import { Body, Controller, Get, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { getSignInMethods, reauthenticate, signIn, signOut, signUp } from '#libs/contracts';
import { Redacted } from '#libs/kernel';
import type { MessageClient } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import { callerOf, contextOf, originOf, sessionIdOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { RateLimits } from '../limits/rate-limits';
import { Operation, Section } from '../openapi/operation';
import { ACCESS } from '../tokens';
import { PreviousSession } from './previous-session';
import { Public, Requires } from './requires';
import { SessionCookie } from './session-cookie';
import { ReauthenticateBody, SignInBody, SignUpBody } from './sign-in.dto';
import { proofOf, ticketsOf } from './sign-in-messages';
import { methodsReply, startedSessionReply } from './sign-in-replies';

@Controller('api/v1/auth')
@Section({
  name: 'Signing in',
  description:
    'How people get a session. Its token is a cookie that no script reads; requests that change something must come from our own pages.',
})
export class SignInController {
  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    private readonly cookie: SessionCookie,
    private readonly limits: RateLimits,
    private readonly previous: PreviousSession,
  ) {}

  @Get('methods')
  @Public()
  @TakesNoQuery()
  @Operation({ message: getSignInMethods, summary: 'List the ways in', reply: methodsReply })
  async methods(@Req() request: GatewayRequest) {
    return { data: await this.access.send(getSignInMethods, {}, contextOf(request)) };
  }

  @Post('sign-up')
  @Public()
  @TakesNoQuery()
  @Operation({
    message: signUp,
    summary: 'Sign up',
    description:
      'Takes the link that a new installation prints, or an invitation, unless the operator lets everybody in. Sets the cookie.',
    reply: startedSessionReply,
    headers: ['cache-control'],
    errors: [
      'AUTHENTICATION_REQUIRED',
      'NOT_FOUND',
      'FORBIDDEN',
      'SIGN_UP_CLOSED',
      'EMAIL_TAKEN',
      'ALREADY_MEMBER',
      'CONCURRENT_CHANGE',
      'QUOTA_EXCEEDED',
      'CROSS_SITE_REQUEST',
      'RATE_LIMITED',
    ],
  })
  async signUp(
    @Body() body: SignUpBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { email, name, password } = body;
    const message = {
      email,
      name,
      password: new Redacted(password),
      ...ticketsOf(body),
      ...originOf(request),
    };
    const started = await this.limits.proved(request, () =>
      this.access.send(signUp, message, contextOf(request)),
    );
    this.cookie.set(reply, started);
    return { data: { expires_at: started.expiresAt } };
  }

  @Post('sign-in')
  @HttpCode(200)
  @Public()
  @TakesNoQuery()
  @Operation({
    message: signIn,
    summary: 'Sign in',
    description:
      'The answer is the same whatever was wrong. After five failures for an e-mail address each next attempt has to wait longer, and a client that fails often is not looked at for a while. Sets the cookie.',
    reply: startedSessionReply,
    headers: ['cache-control'],
    errors: ['AUTHENTICATION_REQUIRED', 'SECOND_FACTOR_REQUIRED', 'CROSS_SITE_REQUEST', 'RATE_LIMITED'],
  })
  async signIn(
    @Body() body: SignInBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const previous = this.previous.of(request);
    const message = { email: body.email, ...proofOf(body), ...originOf(request) };
    const started = await this.limits.proved(request, () =>
      this.access.send(signIn, message, contextOf(request)),
    );
    await this.previous.end(previous, request);
    this.cookie.set(reply, started);
    return { data: { expires_at: started.expiresAt } };
  }

  /** Clears the cookie even when its session has ended, so that whoever wants to be out is out. */
  @Post('sign-out')
  @HttpCode(204)
  @Public()
  @TakesNoQuery()
  @Operation({
    message: signOut,
    summary: 'Sign out',
    headers: ['cache-control'],
    errors: ['CROSS_SITE_REQUEST'],
  })
  async signOut(
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.previous.end(this.previous.of(request), request);
    this.cookie.clear(reply);
  }

  @Post('reauthenticate')
  @HttpCode(200)
  @Requires('reauthenticate')
  @TakesNoQuery()
  @Operation({
    message: reauthenticate,
    summary: 'Prove again who you are',
    description: 'Counts for five minutes. The session gets another cookie.',
    reply: startedSessionReply,
    headers: ['cache-control'],
    errors: ['SECOND_FACTOR_REQUIRED', 'CROSS_SITE_REQUEST', 'NOT_FOUND'],
  })
  async reauthenticate(
    @Body() body: ReauthenticateBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const message = {
      caller: callerOf(request),
      sessionId: sessionIdOf(request),
      ...proofOf(body),
      ...originOf(request),
    };
    const renewed = await this.limits.hashed(request, () =>
      this.access.send(reauthenticate, message, contextOf(request)),
    );
    this.cookie.set(reply, renewed);
    return { data: { expires_at: renewed.expiresAt } };
  }
}
