import { Controller, Inject } from '@nestjs/common';
import { updateSecret, type ReplyOf, type RequestOf } from '#libs/contracts';
import { eventMetadata, untilWon, type EventMetadata, type Folded } from '#libs/event-store';
import { isLiveAs, type SecretSnapshot, type SecretState } from '#libs/events';
import { IdempotentAnswers } from '#libs/idempotency';
import { Keyring } from '#libs/key-store';
import { AppError, isAppError, type Clock } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { CLOCK, PRODUCER } from '../tokens';
import { decideUpdate, refuseWhenFull } from './secret.decider';
import { SecretNames } from './secret-names';
import { SecretStreams, written } from './secret-streams';

type Command = RequestOf<typeof updateSecret>;
type Reply = ReplyOf<typeof updateSecret>;

@Controller()
export class UpdateSecretHandler {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly answers: IdempotentAnswers,
    private readonly keyring: Keyring,
    private readonly names: SecretNames,
    private readonly streams: SecretStreams,
  ) {}

  @Handles(updateSecret)
  async handle(command: Command, context: MessageContext): Promise<Reply> {
    const { secret, ifRevision, name, value, description, tags, expiresAt } = command;
    const fields = { secret, ifRevision, name, description, tags, expiresAt };
    const target = () => this.names.resolve(command.caller.orgId, secret);
    const request = { message: updateSecret, command, fields, secret: value, target };
    return this.answers.once(request, (identified, secretId) => {
      if (secretId === null) throw new AppError('NOT_FOUND');
      return this.#update(secretId, identified, context);
    });
  }

  async #update(secretId: string, command: Command, context: MessageContext): Promise<Reply> {
    const ref = { orgId: command.caller.orgId, secretId };
    const load = () => this.streams.load(ref, command.commandId);
    const decided = await this.#changeRemembered(ref, command, context);
    return decided ?? untilWon(command.ifRevision, async () => this.#change(await load(), command, context));
  }

  /**
   * Writes a new value on the remembered state, without reading the stream. Such a change always appends an event, and
   * the append fails when that state is out of date (ADR 19). Gives undefined when the log has to be read instead.
   */
  async #changeRemembered(
    ref: { orgId: string; secretId: string },
    command: Command,
    context: MessageContext,
  ): Promise<Reply | undefined> {
    const { commandId, ifRevision, name, value } = command;
    const asksFirst = value === undefined || name !== undefined || ifRevision !== null;
    const remembered = asksFirst ? undefined : this.streams.remembered(ref, commandId);
    try {
      return remembered && (await this.#change(remembered, command, context));
    } catch (error) {
      if (isAppError(error, 'STORE_UNAVAILABLE')) throw error;
      return undefined;
    }
  }

  async #change(
    { state, revision, position, expected, applied }: Folded<SecretState>,
    command: Command,
    context: MessageContext,
  ): Promise<Reply> {
    const { caller, commandId, ifRevision, lastReadAt } = command;
    if (applied) return written(applied.state, applied, lastReadAt);
    if (!isLiveAs(state, command.secret) || revision === null || position === null)
      throw new AppError('NOT_FOUND');
    if (ifRevision !== null && ifRevision !== revision) throw new AppError('PRECONDITION_FAILED');
    refuseWhenFull(state);

    const { secret } = state;
    const at = this.clock.now().toISOString();
    const { correlationId } = context;
    const metadata = eventMetadata({ caller, commandId, correlationId, at, producer: PRODUCER });
    const sealed = await this.#prepare(secret, command, metadata);
    const events = decideUpdate(state, { ...command, sealed, at });
    if (events.length === 0) return written(state, { revision, position }, lastReadAt);
    const mayBeRepeated = command.idempotencyKey !== null;
    const change = { secretId: secret.id, before: state, events, expected, metadata, mayBeRepeated };
    const after = await this.streams.change(change, sealed);
    const before = { orgId: caller.orgId, secretId: secret.id, name: secret.name };
    if (isRenamed(secret, command)) await this.names.release(before, metadata, after.position);
    return written(after.state, after, lastReadAt);
  }

  /** Makes durable what the event needs: the claim on a new name, the key of a new value. */
  async #prepare(secret: SecretSnapshot, command: Command, metadata: EventMetadata) {
    const { orgId } = command.caller;
    const { name, value } = command;
    const seal = async () => value && this.keyring.seal(orgId, secret.id, secret.version + 1, value);
    if (name === undefined || !isRenamed(secret, command)) return seal();
    return this.names.claim({ orgId, name, secretId: secret.id }, metadata, seal);
  }
}

function isRenamed(secret: SecretSnapshot, { name }: Command): boolean {
  return name !== undefined && name !== secret.name;
}
