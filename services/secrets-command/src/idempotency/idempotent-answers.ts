import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Keyring } from '#libs/key-store';
import {
  AppError,
  isAppError,
  Redacted,
  uuidV5,
  type Clock,
  type ErrorCode,
  type ErrorDetail,
} from '#libs/kernel';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import { CLOCK, READ_STORE } from '../tokens';

/** How long a key and its answer are remembered (REST contract, idempotency). */
const ANSWERS_KEPT_MS = 24 * 3_600_000;
const PURGE_INTERVAL_MS = 600_000;

/** The fields of a command that decide which record it belongs to. */
export interface IdempotentCommand {
  readonly caller: { readonly orgId: string; readonly actorId: string };
  readonly commandId: string;
  readonly idempotencyKey: string | null;
}

type Outcome = { readonly reply: unknown } | { readonly error: StoredError };

interface StoredError {
  readonly code: ErrorCode;
  readonly safeMessage: string;
  readonly details: readonly ErrorDetail[] | null;
}

const idempotencyCollection: CollectionSpec = {
  name: 'idempotency_v1',
  fields: { createdAt: 'string' },
  indexes: [['createdAt']],
};

/**
 * Gives the first answer again for a repeated Idempotency-Key. The record fixes the command's id before
 * the command runs; events derive their ids from it, so a command that ran and died unrecorded is
 * recognised in the log when it is repeated (docs/adr/0006).
 */
@Injectable()
export class IdempotentAnswers implements OnModuleInit {
  readonly #running = new Map<string, Promise<unknown>>();
  #purgedAt = 0;

  constructor(
    @Inject(READ_STORE) private readonly reads: ReadStore,
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly keyring: Keyring,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(idempotencyCollection);
  }

  /**
   * Runs `work` once per key and gives its answer, or the recorded one. `content` is all that makes two
   * requests the same; it is kept as a keyed hash only. Fails with IDEMPOTENCY_KEY_REUSED.
   */
  async once<R>(
    command: IdempotentCommand,
    content: readonly (string | Redacted<string>)[],
    work: (commandId: string) => Promise<R>,
  ): Promise<R> {
    if (command.idempotencyKey === null) return work(command.commandId);
    const id = uuidV5(command.caller.orgId, command.caller.actorId, command.idempotencyKey);
    const fingerprint = await this.keyring.fingerprint(content);
    // One run at a time per record and content: the rest of a burst waits for its answer.
    const turn = `${id} ${fingerprint}`;
    const running = this.#running.get(turn);
    if (running) return running as Promise<R>;
    const run = this.recorded({ id, fingerprint, commandId: command.commandId }, work);
    this.#running.set(turn, run);
    return run.finally(() => this.#running.delete(turn));
  }

  private async recorded<R>(
    { id, fingerprint, commandId }: { id: string; fingerprint: string; commandId: string },
    work: (commandId: string) => Promise<R>,
  ): Promise<R> {
    await this.purge();
    const createdAt = this.clock.now().toISOString();
    const record = await this.reads.putIfAbsent(idempotencyCollection.name, {
      id,
      fingerprint,
      commandId,
      createdAt,
    });
    if (record['fingerprint'] !== fingerprint) throw new AppError('IDEMPOTENCY_KEY_REUSED');
    const known = record['outcome'] as Outcome | undefined;
    if (known) return replay(known) as R;
    const outcome = await settle(() => work(String(record['commandId'])));
    await this.reads.put(idempotencyCollection.name, { ...record, outcome });
    return replay(outcome) as R;
  }

  private async purge(): Promise<void> {
    const now = this.clock.now().getTime();
    if (now - this.#purgedAt < PURGE_INTERVAL_MS) return;
    this.#purgedAt = now;
    const expired = new Date(now - ANSWERS_KEPT_MS).toISOString();
    await this.reads.removeBefore(idempotencyCollection.name, 'createdAt', expired);
  }
}

/** An answer that stays true when asked again: a reply, or a refusal. What may pass is thrown on. */
async function settle(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { reply: await work() };
  } catch (error) {
    if (!isAppError(error) || error.kind === 'unavailable' || error.kind === 'internal') throw error;
    return { error: { code: error.code, safeMessage: error.safeMessage, details: error.details ?? null } };
  }
}

function replay(outcome: Outcome): unknown {
  if ('reply' in outcome) return outcome.reply;
  const { code, safeMessage, details } = outcome.error;
  throw new AppError(code, { safeMessage, ...(details && { details }) });
}
