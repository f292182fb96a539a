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
import type { CollectionSpec, ReadStore } from '#libs/read-store';

/** How long a key and its answer are remembered (REST contract, idempotency). */
const ANSWERS_KEPT_MS = 24 * 3_600_000;
/**
 * Writing a record takes milliseconds. An attempt that takes longer than this was held up, perhaps with its whole
 * process, and another process may have answered the repetition.
 */
const HELD_UP_MS = 1_000;
const SEED_BYTES = 32;

/** The fields of a command that decide which record it belongs to. */
interface IdempotentCommand {
  readonly caller: { readonly orgId: string; readonly actorId: string };
  readonly commandId: string;
  readonly idempotencyKey: string | null;
}

/** A command, with the message and the content by which its repetition is recognised. */
interface IdempotentRequest<C extends IdempotentCommand> {
  readonly message: { readonly name: string };
  readonly command: C;
  /** The content without the caller, because a record belongs to one caller. */
  readonly fields: Readonly<Record<string, Plain>>;
  /** The part of the content that is secret. */
  readonly secret?: Redacted<string> | undefined;
  /**
   * Finds the id of what the command changes by a name; null when the name stands for nothing. The record keeps what
   * the first attempt found, because the name may belong to something else by the next attempt (ADR 6).
   */
  readonly target?: () => Promise<string | null>;
}

/** Types whose values JSON distinguishes. To JSON every Redacted is the same, so the type leaves it out. */
type Plain = string | number | boolean | null | undefined | readonly string[];

/** What is the same for every repetition of a command. */
interface Turn {
  readonly commandId: string;
  /** The id that `target` found; null also for a command without `target`. */
  readonly target: string | null;
  readonly seed: string;
}

/** What the first attempt writes before the command runs. */
interface CommandRecord extends Turn {
  readonly id: string;
  readonly fingerprint: string;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Only in records of an earlier version. */
  readonly outcome?: Outcome;
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
 * Gives the first answer again for a repeated Idempotency-Key. Before the command runs, a record fixes its id and the
 * id of what it changes. Event ids derive from the command's id, so when a command ran but died before its answer was
 * recorded, the log recognises the repetition (ADR 6). The answer becomes a document beside the record, so the first
 * writer wins in one step. Both are kept for a day, while a person may be erased, so a
 * recorded answer must name no person: add names and addresses to the returned answer. Nest calls the hook; without
 * Nest, call it yourself.
 */
export class IdempotentAnswers {
  readonly #running = new Map<string, Promise<unknown>>();

  constructor(private readonly parts: Parts) {}

  async onModuleInit(): Promise<void> {
    await this.parts.reads.ensureCollection(idempotencyCollection);
  }

  /**
   * Runs `work` once per key and gives its answer, or gives the recorded answer. `work` gets the command under the id
   * of its first attempt. Of the content only a keyed hash is kept. Fails with IDEMPOTENCY_KEY_REUSED for another
   * content.
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
   * The same for an answer that shows a credential. The answer of `work` is recorded, so it must not hold the
   * credential. Derive the credential from the seed: random hex text that the record keeps, so a repetition derives the
   * same one.
   */
  async seeded<C extends IdempotentCommand, R>(
    request: IdempotentRequest<C>,
    work: (command: C, seed: string) => Promise<R>,
  ): Promise<{ readonly reply: R; readonly seed: string }> {
    const { command } = request;
    return this.#inTurn(request, ({ commandId, seed }) => work({ ...command, commandId }, seed));
  }

  /** Removes the records and answers that are older than a day. A service that keeps answers must call it regularly. */
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
    // One run at a time per record and content: simultaneous repetitions wait for its answer.
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
    const found = await reads.putIfAbsent(idempotencyCollection.name, wanted);
    if (found['fingerprint'] !== fingerprint) throw new AppError('IDEMPOTENCY_KEY_REUSED');
    // A record from an earlier version has no target. It uses the one that was found now.
    const record: CommandRecord = { ...wanted, ...found };
    const { commandId, seed, target } = record;
    const isFirst = seed === wanted.seed;
    const known = isFirst && !this.#isHeldUp(record) ? undefined : await this.#known(record);
    if (known) return { reply: replay(known) as R, seed };
    const outcome = await settle(() => work({ commandId, seed, target }));
    return { reply: replay(await this.#keep(record, outcome)) as R, seed };
  }

  /** By the wall clock, because the monotonic one may stand still while a machine sleeps. */
  #isHeldUp({ createdAt }: CommandRecord): boolean {
    return this.parts.clock.now().getTime() - Date.parse(createdAt) > HELD_UP_MS;
  }

  async #known(record: CommandRecord): Promise<Outcome | undefined> {
    const kept = await this.parts.reads.get(idempotencyCollection.name, outcomeId(record));
    return (kept?.['outcome'] as Outcome | undefined) ?? record.outcome;
  }

  /**
   * Records an outcome and gives the one that holds, which is the first. But a reply replaces a refusal: when two
   * processes run one command, one may be refused because the other has succeeded. A refusal replaces nothing.
   */
  async #keep(record: CommandRecord, outcome: Outcome): Promise<Outcome> {
    const { reads } = this.parts;
    const wanted = { id: outcomeId(record), outcome, createdAt: record.createdAt };
    const kept = await reads.putIfAbsent(idempotencyCollection.name, wanted);
    const first = kept['outcome'] as Outcome;
    if (!('error' in first) || 'error' in outcome) return first;
    await reads.put(idempotencyCollection.name, wanted);
    return outcome;
  }
}

/** The command is part of it, so a record that is made anew after a day never meets the outcome of the one before. */
function outcomeId({ id, commandId }: CommandRecord): string {
  return uuidV5(id, commandId);
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

/** Gives an outcome that a repetition would get as well: a reply or a refusal. Throws a temporary failure on. */
async function settle(work: () => Promise<unknown>): Promise<Outcome> {
  try {
    return { reply: await work() };
  } catch (error) {
    if (!isAppError(error) || mayPass(error)) throw error;
    return { error: { code: error.code, safeMessage: error.safeMessage, details: error.details ?? null } };
  }
}

/** True for a failure that may be gone when the same request is repeated. */
function mayPass({ code, kind }: AppError): boolean {
  return (
    kind === 'unavailable' || kind === 'internal' || kind === 'rate-limited' || code === 'CONCURRENT_CHANGE'
  );
}

function replay(outcome: Outcome): unknown {
  if (!('error' in outcome)) return outcome.reply;
  const { code, safeMessage, details } = outcome.error;
  throw new AppError(code, { safeMessage, ...(details && { details }) });
}
