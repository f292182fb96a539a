import { Body, Controller, Delete, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { confirmTotp, disableTotp, enrolTotp, renewRecoveryCodes } from '#libs/contracts';
import { Redacted } from '#libs/kernel';
import type { MessageClient } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import { callerOf, contextOf, originOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { Operation, Section } from '../openapi/operation';
import { ACCESS } from '../tokens';
import { RequiresRecentSignIn } from './recent-sign-in';
import { Requires } from './requires';
import { ConfirmTotpBody } from './sign-in.dto';
import { recoveryCodesReply, totpSecretReply } from './sign-in-replies';

/**
 * Routes for the codes of an authenticator app, which are a second factor. A session alone must not be enough to change
 * it.
 */
@Controller('api/v1/auth/totp')
@Section({
  name: 'Authenticator app',
  description: 'Codes as a second factor (RFC 6238).',
})
export class TotpController {
  constructor(@Inject(ACCESS) private readonly access: MessageClient) {}

  /** Gives the secret, which is never shown again. */
  @Post()
  @Requires('enrol-totp')
  @RequiresRecentSignIn()
  @TakesNoQuery()
  @Operation({
    message: enrolTotp,
    summary: 'Begin to use an authenticator app',
    description: 'Nothing is asked for until it is confirmed.',
    reply: totpSecretReply,
    headers: ['cache-control'],
    errors: ['REAUTHENTICATION_REQUIRED', 'CROSS_SITE_REQUEST', 'NOT_FOUND'],
  })
  async enrol(@Req() request: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const { secret, uri } = await this.access.send(
      enrolTotp,
      { caller: callerOf(request) },
      contextOf(request),
    );
    void reply.header('cache-control', 'no-store');
    return { data: { secret: secret.expose(), uri: uri.expose() } };
  }

  /** Gives the recovery codes, which are never shown again. */
  @Post('confirm')
  @HttpCode(200)
  @Requires('confirm-totp')
  @TakesNoQuery()
  @Operation({
    message: confirmTotp,
    summary: 'Confirm it with a code',
    description:
      'From then on signing in asks for one. Gives ten recovery codes. 404 once it is confirmed: if the answer was lost, get new codes.',
    reply: recoveryCodesReply,
    headers: ['cache-control'],
    errors: ['CROSS_SITE_REQUEST', 'NOT_FOUND'],
  })
  async confirm(
    @Body() { totp }: ConfirmTotpBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const message = { caller: callerOf(request), totp: new Redacted(totp), ...originOf(request) };
    const { recoveryCodes } = await this.access.send(confirmTotp, message, contextOf(request));
    return shownOnce(reply, recoveryCodes);
  }

  @Delete()
  @HttpCode(204)
  @Requires('disable-totp')
  @RequiresRecentSignIn()
  @TakesNoQuery()
  @Operation({
    message: disableTotp,
    summary: 'Use it no more',
    errors: ['REAUTHENTICATION_REQUIRED', 'CROSS_SITE_REQUEST', 'NOT_FOUND'],
  })
  async disable(@Req() request: GatewayRequest): Promise<void> {
    const message = { caller: callerOf(request), ...originOf(request) };
    await this.access.send(disableTotp, message, contextOf(request));
  }

  @Post('recovery-codes')
  @Requires('renew-recovery-codes')
  @RequiresRecentSignIn()
  @TakesNoQuery()
  @Operation({
    message: renewRecoveryCodes,
    summary: 'Get new recovery codes',
    description: 'The old ones stop working.',
    reply: recoveryCodesReply,
    headers: ['cache-control'],
    errors: ['REAUTHENTICATION_REQUIRED', 'CROSS_SITE_REQUEST', 'NOT_FOUND'],
  })
  async renew(@Req() request: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const message = { caller: callerOf(request), ...originOf(request) };
    const { recoveryCodes } = await this.access.send(renewRecoveryCodes, message, contextOf(request));
    return shownOnce(reply, recoveryCodes);
  }
}

function shownOnce(reply: FastifyReply, codes: Redacted<string>) {
  void reply.header('cache-control', 'no-store');
  return { data: { recovery_codes: codes.expose().split(' ') } };
}
