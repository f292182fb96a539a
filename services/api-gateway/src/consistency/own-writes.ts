import { Injectable } from '@nestjs/common';
import { AppError, entriesAtMost } from '#libs/kernel';
import type { FastifyReply } from 'fastify';
import { LRUCache } from 'lru-cache';
import { callerOf, type GatewayRequest } from '../http/gateway-request';

const CONSISTENCY_TOKEN = 'x-consistency-token';

/** A token is a position in the log: it names no data, and one that the log has not reached is refused before long. */
export const POSITION = /^\d{1,20}$/;

/**
 * Remembers where each organization's last write through this gateway stands in the log, so that the
 * next list waits for it. The header carries the same to any other gateway.
 */
@Injectable()
export class OwnWrites {
  readonly #lastWrite = new LRUCache<string, string>(entriesAtMost(20_000));

  /** Notes where a write stands, and tells its caller. */
  answer(request: GatewayRequest, reply: FastifyReply, position: string): void {
    const { orgId } = callerOf(request);
    const known = this.#lastWrite.get(orgId);
    if (known === undefined || isLater(position, known)) this.#lastWrite.set(orgId, position);
    void reply.header(CONSISTENCY_TOKEN, position);
  }

  /** The position a list must have reached; null when any will do. Fails with MALFORMED_REQUEST. */
  atLeast(request: GatewayRequest): string | null {
    const known = this.#lastWrite.get(callerOf(request).orgId) ?? null;
    const token = request.headers[CONSISTENCY_TOKEN];
    if (token === undefined) return known;
    if (typeof token !== 'string' || !POSITION.test(token)) {
      throw new AppError('MALFORMED_REQUEST', {
        safeMessage: 'X-Consistency-Token is not one that a write answered',
      });
    }
    const asked = token.replace(/^0+(?=\d)/, '');
    return known === null || isLater(asked, known) ? asked : known;
  }
}

function isLater(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}
