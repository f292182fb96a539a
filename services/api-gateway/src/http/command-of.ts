import { newCommandId } from '#libs/kernel';
import { callerOf, type GatewayRequest } from './gateway-request';
import { idempotencyKey } from './write-headers';

/** Gives the fields that every command has besides its own. Fails with VALIDATION_FAILED for a bad Idempotency-Key. */
export function commandOf(request: GatewayRequest) {
  return {
    caller: callerOf(request),
    commandId: newCommandId(new Date()),
    idempotencyKey: idempotencyKey(request),
  };
}
