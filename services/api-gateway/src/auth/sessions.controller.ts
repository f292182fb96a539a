import { Controller, Delete, Get, HttpCode, Inject, Req } from '@nestjs/common';
import { listSessions, revokeSessions } from '#libs/contracts';
import type { MessageClient } from '#libs/transport';
import { callerOf, contextOf, originOf, sessionIdOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { idParameter, Operation, Section } from '../openapi/operation';
import { ACCESS } from '../tokens';
import { Requires } from './requires';
import { sessionsReply } from './sign-in-replies';

/** Routes for the sessions of the person who calls. */
@Controller('api/v1/auth/sessions')
@Section({
  name: 'Sessions',
  description: 'Where you are signed in.',
  parameters: { id: idParameter('ses', 'The session.') },
})
export class SessionsController {
  constructor(@Inject(ACCESS) private readonly access: MessageClient) {}

  @Get()
  @Requires('list-sessions')
  @TakesNoQuery()
  @Operation({
    message: listSessions,
    summary: 'List your sessions',
    reply: sessionsReply,
    errors: ['CROSS_SITE_REQUEST'],
  })
  async list(@Req() request: GatewayRequest) {
    const message = { caller: callerOf(request), sessionId: sessionIdOf(request) };
    return this.access.send(listSessions, message, contextOf(request));
  }

  /** Ends all sessions but the one that asks. */
  @Delete()
  @HttpCode(204)
  @Requires('revoke-sessions')
  @TakesNoQuery()
  @Operation({
    id: 'revokeOtherSessions',
    summary: 'End all sessions but this one',
    errors: ['CROSS_SITE_REQUEST', 'NOT_FOUND', 'STORE_UNAVAILABLE', 'SERVICE_UNAVAILABLE'],
  })
  async revokeOthers(@Req() request: GatewayRequest): Promise<void> {
    await this.#end(request, null);
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('revoke-sessions')
  @TakesNoQuery()
  @Operation({
    id: 'revokeSession',
    summary: 'End one of your sessions',
    errors: ['CROSS_SITE_REQUEST', 'STORE_UNAVAILABLE', 'SERVICE_UNAVAILABLE'],
  })
  async revoke(@Req() request: GatewayRequest): Promise<void> {
    await this.#end(request, request.params['id'] ?? '');
  }

  async #end(request: GatewayRequest, target: string | null): Promise<void> {
    const message = {
      caller: callerOf(request),
      sessionId: sessionIdOf(request),
      target,
      ...originOf(request),
    };
    await this.access.send(revokeSessions, message, contextOf(request));
  }
}
