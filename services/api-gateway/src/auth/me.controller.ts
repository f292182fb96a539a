import { Body, Controller, Delete, Get, HttpCode, Inject, Put, Req, Res } from '@nestjs/common';
import { changeMe, changePassword, eraseMe, getMe } from '#libs/contracts';
import { Redacted } from '#libs/kernel';
import type { MessageClient } from '#libs/transport';
import type { FastifyReply } from 'fastify';
import { callerOf, contextOf, originOf, sessionIdOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { RateLimits } from '../limits/rate-limits';
import { Operation, Section } from '../openapi/operation';
import { ACCESS } from '../tokens';
import { demandRecentSignIn, RequiresRecentSignIn } from './recent-sign-in';
import { Requires } from './requires';
import { SessionCookie } from './session-cookie';
import { ChangeMeBody, ChangePasswordBody } from './sign-in.dto';
import { meReply } from './sign-in-replies';

/** Routes for the person who calls, and for their password. */
@Controller('api/v1/auth')
@Section({ name: 'Me', description: 'The person who is signed in.' })
export class MeController {
  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    private readonly cookie: SessionCookie,
    private readonly limits: RateLimits,
  ) {}

  @Get('me')
  @Requires('get-me')
  @TakesNoQuery()
  @Operation({
    message: getMe,
    summary: 'Get what is known of you',
    reply: meReply,
    errors: ['CROSS_SITE_REQUEST', 'NOT_FOUND'],
  })
  async get(@Req() request: GatewayRequest) {
    return this.access.send(getMe, { caller: callerOf(request) }, contextOf(request));
  }

  @Put('me')
  @Requires('change-me')
  @TakesNoQuery()
  @Operation({
    message: changeMe,
    summary: 'Change your name',
    reply: meReply,
    errors: ['CROSS_SITE_REQUEST', 'NOT_FOUND'],
  })
  async change(@Body() { name }: ChangeMeBody, @Req() request: GatewayRequest) {
    return this.access.send(changeMe, { caller: callerOf(request), name }, contextOf(request));
  }

  @Delete('me')
  @HttpCode(204)
  @Requires('erase-me')
  @RequiresRecentSignIn()
  @TakesNoQuery()
  @Operation({
    message: eraseMe,
    summary: 'Erase yourself',
    description:
      'Every record that names you goes, with your sessions and memberships. The trail keeps an id that names nobody.',
    headers: ['cache-control'],
    errors: [
      'LAST_OWNER',
      'REAUTHENTICATION_REQUIRED',
      'CROSS_SITE_REQUEST',
      'NOT_FOUND',
      'CONCURRENT_CHANGE',
    ],
  })
  async erase(
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    await this.access.send(eraseMe, { caller: callerOf(request) }, contextOf(request));
    this.cookie.clear(reply);
  }

  @Put('password')
  @HttpCode(204)
  @Requires('change-password')
  @TakesNoQuery()
  @Operation({
    message: changePassword,
    summary: 'Change your password',
    description: 'Ends all other sessions; this one gets another cookie.',
    headers: ['cache-control'],
    errors: ['REAUTHENTICATION_REQUIRED', 'CROSS_SITE_REQUEST', 'NOT_FOUND'],
  })
  async changePassword(
    @Body() { current_password: current, password }: ChangePasswordBody,
    @Req() request: GatewayRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    // The current password proves who calls. Without it, the person must have signed in lately.
    if (current === undefined) demandRecentSignIn(request);
    const message = {
      caller: callerOf(request),
      sessionId: sessionIdOf(request),
      currentPassword: current === undefined ? null : new Redacted(current),
      password: new Redacted(password),
      ...originOf(request),
    };
    const renewed = await this.limits.hashed(request, () =>
      this.access.send(changePassword, message, contextOf(request)),
    );
    this.cookie.set(reply, renewed);
  }
}
