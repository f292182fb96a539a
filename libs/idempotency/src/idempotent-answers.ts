import { randomBytes } from 'node:crypto';
import type { Keyring } from '#libs/key-store';
import {
  AppError,
  isAppError,
  type Redacted,
  uuidV5,
  type Clock,
  type ErrorCode,
  type ErrorDetail,
} from '#libs/kernel';
import type { CollectionSpec, Document, ReadStore } from '#libs/read-store';

/** How long a key and its answer are remembered (REST contract, idempotency). */
const ANSWERS_KEPT_MS = 24 * 3_600_000;
const SEED_BYTES = 32;

/** The fields of a command that decide which record it belongs to. */
interface IdempotentCommand {
  readonly caller: { readonly orgId: string; readonly actorId: string };
  readonly commandId: string;
  readonly idempotencyKey: string | null;
}

/** A command, and what makes a repetition of it the same: its message and its content. */
interface IdempotentRequest<C extends IdempotentCommand> {
  readonly message: { readonly name: string };
  readonly command: C;
  /** The content, without who asks: a record belongs to one caller. */
  readonly fields: Readonly<Record<string, Plain>>;
  /** The part of the content that must not be told. */
  readonly secret?: Redacted<string> | undefined;
  /**
   * For a command that names what it changes: finds the id of that, null when the name stands for nothing. What the first
   * attempt found is kept like the command's id, because the name may stand for something else by the next.
   */
  readonly target?: () => Promise<string | null>;
}

/** What JSON tells apart. It does not tell one Redacted from another, so the type keeps them out. */
type Plain = string | number | boolean | null | undefined | readonly string[];

/** What is the same for every repetition of a command. */
interface Turn {
  readonly commandId: string;
  /** The id that `target` found; null for a command without one, too. */
  readonly target: string | null;
  readonly seed: string;
}

interface Parts {
  readonly reads: ReadStore;
  readonly clock: Clock;
  readonly keyring: Keyring;
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
 * Gives the first answer again for a repeated Idempotency-Key. The record fixes the command's id, and that of what it
 * changes, before the command runs; events derive their ids from it, so a command that ran and died unrecorded is
 * recognised in the log when it is repeated (docs/adr/0006). A record outlives what is erased in its day, so an answer that
 * is recorded must name no person: names and addresses are added to what comes back. Nest calls the hook; without Nest, call it yourself.
 */
export class IdempotentAnswers {
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(private readonly parts: Parts) {}

  async onModuleInit(): Promise<void> {
    await this.parts.reads.ensureCollection(idempotencyCollection);
  }

  /**
   * Runs `work` once per key and gives its answer, or the recorded one. `work` gets the command under the id of its first
   * attempt. Of the content a keyed hash is kept, and nothing else. Fails with IDEMPOTENCY_KEY_REUSED.
   */
  async once<C extends IdempotentCommand, R>(
    request: IdempotentRequest<C>,
    work: (command: C, target: string | null) => Promise<R>,
  ): Promise<R> {
    const { command } = request;
    if (command.idempotencyKey === null) return work(command, await targetOf(request));
    const { reply } = await this.#inTurn(request, ({ commandId, target }) =>
      work({ ...command, commandId }, target),
    );
    return reply;
  }

  /**
   * The same for an answer that shows a credential. What `work` gives is kept, so it must not hold the credential. That is
   * derived from the seed: random, hex, and gone with the record, so it can be derived again for as long.
   */
  async seeded<C extends IdempotentCommand, R>(
    request: IdempotentRequest<C>,
    work: (command: C, seed: string) => Promise<R>,
  ): Promise<{ readonly reply: R; readonly seed: string }> {
    const { command } = request;
    return this.#inTurn(request, ({ commandId, seed }) => work({ ...command, commandId }, seed));
  }

  /** Removes the records that are older than a day. Whoever keeps answers calls it now and then. */
  async purge(): Promise<void> {
    const { reads, clock } = this.parts;
    const expired = new Date(clock.now().getTime() - ANSWERS_KEPT_MS).toISOString();
    await reads.removeBefore(idempotencyCollection.name, 'createdAt', expired);
  }

  async #inTurn<R>(
    request: IdempotentRequest<IdempotentCommand>,
    work: (turn: Turn) => Promise<R>,
  ): Promise<{ reply: R; seed: string }> {
    const { command } = request;
    if (command.idempotencyKey === null) {
      const turn = await firstTurn(request);
      return { reply: await work(turn), seed: turn.seed };
    }
    const id = uuidV5(command.caller.orgId, command.caller.actorId, command.idempotencyKey);
    const fingerprint = await this.parts.keyring.fingerprint(contentOf(request));
    // One run at a time per record and content: the rest of a burst waits for its answer.
    const place = `${id} ${fingerprint}`;
    const running = this.#running.get(place);
    if (running) return running as Promise<{ reply: R; seed: string }>;
    const run = this.#recorded(request, { id, fingerprint }, work);
    this.#running.set(place, run);
    return run.finally(() => this.#running.delete(place));
  }

  async #recorded<R>(
    request: IdempotentRequest<IdempotentCommand>,
    { id, fingerprint }: { id: string; fingerprint: string },
    work: (turn: Turn) => Promise<R>,
  ): Promise<{ reply: R; seed: string }> {
    const { reads, clock } = this.parts;
    const createdAt = clock.now().toISOString();
    const wanted = { id, fingerprint, ...(await firstTurn(request)), createdAt };
    const record = await reads.putIfAbsent(idempotencyCollection.name, wanted);
    if (record['fingerprint'] !== fingerprint) throw new AppError('IDEMPOTENCY_KEY_REUSED');
    // Records that an earlier version wrote have no target: theirs is what was found now.
    const { commandId, seed, target } = { ...wanted, ...record };
    const known = record['outcome'] as Outcome | undefined;
    if (known) return { reply: replay(known) as R, seed };
    const outcome = await settle(() => work({ commandId, seed, target }));
    return { reply: replay(await this.#keep(record, outcome)) as R, seed };
  }

  /**
   * Gives the outcome that holds. Where two processes carry out one command, one may be refused because of what the other
   * has done: the success is the truth. Replies of both are alike, so one may be written over the other.
   */
  async #keep(record: Document, outcome: Outcome): Promise<Outcome> {
    const { reads } = this.parts;
    if ('error' in outcome) {
      const now = await reads.get(idempotencyCollection.name, record.id);
      const known = now?.['outcome'] as Outcome | undefined;
      if (known && 'reply' in known) return known;
    }
    await reads.put(idempotencyCollection.name, { ...record, outcome });
    return outcome;
  }
}

async function firstTurn(request: IdempotentRequest<IdempotentCommand>): Promise<Turn> {
  const seed = randomBytes(SEED_BYTES).toString('hex');
  return { commandId: request.command.commandId, seed, target: await targetOf(request) };
}

async function targetOf({ target }: IdempotentRequest<IdempotentCommand>): Promise<string | null> {
  return target ? target() : null;
}

function contentOf({ message, fields, secret }: IdempotentRequest<IdempotentCommand>) {
  return [message.name, JSON.stringify(fields), ...(secret ? [secret] : [])];
}

/** An answer that stays true when asked again: a reply, or a refusal. What may pass is thrown on. */
async function settle(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { reply: await work() };
  } catch (error) {
    if (!isAppError(error) || mayPass(error)) throw error;
    return { error: { code: error.code, safeMessage: error.safeMessage, details: error.details ?? null } };
  }
}

/** The same request may be answered otherwise without anybody asking for something else. */
function mayPass({ code, kind }: AppError): boolean {
  return (
    kind === 'unavailable' || kind === 'internal' || kind === 'rate-limited' || code === 'CONCURRENT_CHANGE'
  );
}

function replay(outcome: Outcome): unknown {
  if ('reply' in outcome) return outcome.reply;
  const { code, safeMessage, details } = outcome.error;
  throw new AppError(code, { safeMessage, ...(details && { details }) });
}
