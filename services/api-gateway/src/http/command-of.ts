import { newCommandId } from '#libs/kernel';
import { idempotencyKey } from '../secrets/write-headers';
import { callerOf, type GatewayRequest } from './gateway-request';

/** What every command says besides its own fields. Fails with VALIDATION_FAILED for a bad Idempotency-Key. */
export function commandOf(request: GatewayRequest) {
  return {
    caller: callerOf(request),
    commandId: newCommandId(new Date()),
    idempotencyKey: idempotencyKey(request),
  };
}
