import { Injectable } from '@nestjs/common';
import { AppError, comparePositions, entriesAtMost, type Position } from '#libs/kernel';
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
  readonly #lastWrite = new LRUCache<string, Position>(entriesAtMost(20_000));

  /** Notes where a write stands, and tells its caller. */
  answer(request: GatewayRequest, reply: FastifyReply, position: Position): void {
    const { orgId } = callerOf(request);
    const known = this.#lastWrite.get(orgId) ?? null;
    if (comparePositions(position, known) > 0) this.#lastWrite.set(orgId, position);
    void reply.header(CONSISTENCY_TOKEN, position);
  }

  /** The position a list must have reached; null when any will do. Fails with MALFORMED_REQUEST. */
  atLeast(request: GatewayRequest): Position | null {
    const known = this.#lastWrite.get(callerOf(request).orgId) ?? null;
    const token = request.headers[CONSISTENCY_TOKEN];
    if (token === undefined) return known;
    if (typeof token !== 'string' || !POSITION.test(token)) {
      throw new AppError('MALFORMED_REQUEST', {
        safeMessage: 'X-Consistency-Token is not one that a write answered',
      });
    }
    const asked = token.replace(/^0+(?=\d)/, '');
    return comparePositions(asked, known) > 0 ? asked : known;
  }
}
