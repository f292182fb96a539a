import { Inject, Injectable } from '@nestjs/common';
import { recordRefusal } from '#libs/contracts';
import { errorFields, type Logger } from '#libs/observability';
import type { MessageClient } from '#libs/transport';
import { contextOf, userAgentOf, type GatewayRequest } from '../http/gateway-request';
import { ACCESS, LOGGER } from '../tokens';

/**
 * Has the access service record that a known caller was refused, no matter who refused. Nobody waits for the record.
 */
@Injectable()
export class Refusals {
  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  note(request: GatewayRequest): void {
    if (!request.identity) return;
    const refusal = {
      caller: request.identity.caller,
      action: request.action,
      address: request.ip,
      userAgent: userAgentOf(request),
    };
    this.access.send(recordRefusal, refusal, contextOf(request)).catch((error: unknown) => {
      this.logger.warn('refusal not recorded', { request_id: request.id, ...errorFields(error) });
    });
  }
}
