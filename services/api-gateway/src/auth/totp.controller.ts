import { Body, Controller, Delete, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import { confirmTotp, disableTotp, enrolTotp, renewRecoveryCodes } from '#libs/contracts';
import { Redacted } from '#libs/kernel';
import type { MessageClient } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import { callerOf, contextOf, originOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { ACCESS } from '../tokens';
import { RequiresRecentSignIn } from './recent-sign-in';
import { Requires } from './requires';
import { ConfirmTotpBody } from './sign-in.dto';

/** Codes of an authenticator app as a second factor. A session alone must not be enough to change it. */
@Controller('api/v1/auth/totp')
export class TotpController {
  constructor(@Inject(ACCESS) private readonly access: MessageClient) {}

  /** The secret, shown this once. */
  @Post()
  @Requires('enrol-totp')
  @RequiresRecentSignIn()
  @TakesNoQuery()
  async enrol(@Req() request: GatewayRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const { secret, uri } = await this.access.send(
      enrolTotp,
      { caller: callerOf(request) },
      contextOf(request),
    );
    void reply.header('cache-control', 'no-store');
    return { data: { secret: secret.expose(), uri: uri.expose() } };
  }

  /** The recovery codes, shown this once. */
  @Post('confirm')
  @HttpCode(200)
  @Requires('confirm-totp')
  @TakesNoQuery()
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
  async disable(@Req() request: GatewayRequest): Promise<void> {
    const message = { caller: callerOf(request), ...originOf(request) };
    await this.access.send(disableTotp, message, contextOf(request));
  }

  @Post('recovery-codes')
  @Requires('renew-recovery-codes')
  @RequiresRecentSignIn()
  @TakesNoQuery()
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
