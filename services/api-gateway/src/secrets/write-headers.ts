import { AppError, invalid } from '#libs/kernel';
import type { GatewayRequest } from '../http/gateway-request';

export const IF_MATCH = /^"(0|[1-9]\d{0,18})"$/;
export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

/** More than one ETag (RFC 9110, 13.1.1), or the header more than once. */
const ETAG_LIST = /^(?:W\/)?"[^"]*"\s*,/;

/**
 * The revision in `If-Match: "7"`; null without the header or for `*`. An ETag we never gave fails the match. Fails with
 * VALIDATION_FAILED for a list: it may hold for one of them, and a message carries one.
 */
export function ifRevision({ headers }: GatewayRequest): string | null {
  const given = headers['if-match'];
  if (given === undefined || given === '*') return null;
  if (ETAG_LIST.test(given)) throw invalid([{ field: 'If-Match', message: 'must be one ETag, or *' }]);
  const match = IF_MATCH.exec(given);
  if (!match?.[1]) throw new AppError('PRECONDITION_FAILED');
  return match[1];
}

/** The `Idempotency-Key` header; null without it. */
export function idempotencyKey({ headers }: GatewayRequest): string | null {
  const given = headers['idempotency-key'];
  if (given === undefined) return null;
  if (typeof given === 'string' && IDEMPOTENCY_KEY.test(given)) return given;
  throw invalid([{ field: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }]);
}

/** The revision as an ETag. */
export const etag = (revision: string) => `"${revision}"`;
