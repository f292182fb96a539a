import { Controller, Delete, Get, HttpCode, Inject, Req } from '@nestjs/common';
import { listSessions, revokeSessions } from '#libs/contracts';
import type { MessageClient } from '#libs/transport';
import { callerOf, contextOf, originOf, sessionIdOf, type GatewayRequest } from '../http/gateway-request';
import { TakesNoQuery } from '../http/no-query.guard';
import { ACCESS } from '../tokens';
import { Requires } from './requires';

/** The person's own sessions. */
@Controller('api/v1/auth/sessions')
export class SessionsController {
  constructor(@Inject(ACCESS) private readonly access: MessageClient) {}

  @Get()
  @Requires('list-sessions')
  @TakesNoQuery()
  async list(@Req() request: GatewayRequest) {
    const message = { caller: callerOf(request), sessionId: sessionIdOf(request) };
    return this.access.send(listSessions, message, contextOf(request));
  }

  /** All but the one that asks. */
  @Delete()
  @HttpCode(204)
  @Requires('revoke-sessions')
  @TakesNoQuery()
  async revokeOthers(@Req() request: GatewayRequest): Promise<void> {
    await this.end(request, null);
  }

  @Delete(':id')
  @HttpCode(204)
  @Requires('revoke-sessions')
  @TakesNoQuery()
  async revoke(@Req() request: GatewayRequest): Promise<void> {
    await this.end(request, request.params['id'] ?? '');
  }

  private async end(request: GatewayRequest, target: string | null): Promise<void> {
    const message = {
      ...{ caller: callerOf(request), sessionId: sessionIdOf(request) },
      ...{ target, ...originOf(request) },
    };
    await this.access.send(revokeSessions, message, contextOf(request));
  }
}
