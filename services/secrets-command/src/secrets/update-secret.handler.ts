import { Controller, Inject } from '@nestjs/common';
import { updateSecret, type ReplyOf, type RequestOf } from '#libs/contracts';
import { eventMetadata } from '#libs/event-store';
import { Keyring } from '#libs/key-store';
import { AppError, type Clock } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { IdempotentAnswers } from '../idempotency/idempotent-answers';
import { CLOCK, PRODUCER } from '../tokens';
import { decideUpdate } from './secret.decider';
import { SecretNames } from './secret-names';
import { evolved, SecretStreams, untilWon, written } from './secret-streams';

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
    const plain = JSON.stringify({ secret, ifRevision, name, description, tags, expiresAt });
    const content = [updateSecret.name, plain, String(value !== undefined), value ?? ''];
    return this.answers.once(command, content, (commandId) =>
      this.update({ ...command, commandId }, context),
    );
  }

  private async update(command: Command, context: MessageContext): Promise<Reply> {
    const secretId = await this.names.resolve(command.caller.orgId, command.secret);
    if (secretId === null) throw new AppError('NOT_FOUND');
    return untilWon(command.ifRevision, () => this.change(secretId, command, context));
  }

  private async change(
    secretId: string,
    command: Command,
    { correlationId }: MessageContext,
  ): Promise<Reply> {
    const { caller, commandId, lastReadAt, value } = command;
    const { orgId } = caller;
    const { state, revision, position, expected, applied } = await this.streams.load(
      { orgId, secretId },
      commandId,
    );
    if (applied) return written(applied.state, applied, lastReadAt);
    if (state.status !== 'live' || revision === null || position === null) throw new AppError('NOT_FOUND');
    if (command.ifRevision !== null && command.ifRevision !== revision)
      throw new AppError('PRECONDITION_FAILED');

    const at = this.clock.now().toISOString();
    const metadata = eventMetadata({ caller, commandId, correlationId, at, producer: PRODUCER });
    const before = state.secret;
    const renamed = command.name !== undefined && command.name !== before.name ? command.name : null;
    if (renamed !== null) await this.names.claim({ orgId, name: renamed, secretId }, metadata);
    const sealed = value && (await this.keyring.seal(orgId, secretId, before.version + 1, value));
    const events = decideUpdate(state, { ...command, sealed, at });
    if (events.length === 0) return written(state, { revision, position }, lastReadAt);
    const appended = await this.streams.append({ secretId, events, expected, metadata }, sealed);
    if (renamed !== null) await this.names.release({ orgId, name: before.name, secretId }, metadata);
    return written(evolved(state, events, metadata), appended, lastReadAt);
  }
}
