import { Controller, Inject } from '@nestjs/common';
import { createSecret, type ReplyOf, type RequestOf } from '#libs/contracts';
import { eventMetadata } from '#libs/event-store';
import { secretFold } from '#libs/events';
import { IdempotentAnswers } from '#libs/idempotency';
import { Keyring } from '#libs/key-store';
import { AppError, idFromCommand, isAppError, uuidV5, type Clock } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { CLOCK, PRODUCER } from '../tokens';
import { decideCreate } from './secret.decider';
import { SecretNames } from './secret-names';
import { SecretQuota } from './secret-quota';
import { SecretStreams, written } from './secret-streams';

type Command = RequestOf<typeof createSecret>;
type Reply = ReplyOf<typeof createSecret>;

@Controller()
export class CreateSecretHandler {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly answers: IdempotentAnswers,
    private readonly keyring: Keyring,
    private readonly names: SecretNames,
    private readonly quota: SecretQuota,
    private readonly streams: SecretStreams,
  ) {}

  @Handles(createSecret)
  async handle(command: Command, context: MessageContext): Promise<Reply> {
    const { name, value, description, tags, expiresAt } = command;
    const fields = { name, description, tags, expiresAt };
    return this.answers.once({ message: createSecret, command, fields, secret: value }, (identified) =>
      this.#createOnce(identified, context),
    );
  }

  /**
   * Gives the answer of a command whose event is in the log already. A creation that was fenced off can never succeed
   * under its id, so its repetition goes on under the next id, which every process derives in the same way (ADR 4).
   */
  async #createOnce(command: Command, context: MessageContext): Promise<Reply> {
    const { caller, commandId, idempotencyKey } = command;
    if (idempotencyKey !== null) {
      const secretId = idFromCommand('sec', commandId);
      const { state, applied } = await this.streams.load({ orgId: caller.orgId, secretId }, commandId);
      if (applied) return written(applied.state, applied, null);
      const next = { ...command, commandId: uuidV5('abandoned', commandId) };
      if (state.status === 'abandoned') return this.#createOnce(next, context);
    }
    return this.quota.during(caller.orgId, () => this.#create(command, context));
  }

  async #create(command: Command, { correlationId }: MessageContext): Promise<Reply> {
    const { caller, commandId, name, description, tags, expiresAt } = command;
    const id = idFromCommand('sec', commandId);
    const at = this.clock.now().toISOString();
    const metadata = eventMetadata({ caller, commandId, correlationId, at, producer: PRODUCER });

    const claim = { orgId: caller.orgId, name, secretId: id };
    const sealed = await this.names.claim(claim, metadata, () =>
      this.keyring.seal(caller.orgId, id, 1, command.value),
    );
    const events = decideCreate({ id, name, description, tags, expiresAt, sealed, at });
    const change = {
      secretId: id,
      before: secretFold.initial,
      events,
      expected: 'no stream',
      metadata,
      mayBeRepeated: command.idempotencyKey !== null,
    } as const;
    const after = await this.streams.change(change, sealed).catch((error: unknown) => {
      // Another command wanted the name and has fenced this creation off, because it took too long.
      throw isAppError(error, 'WRONG_REVISION') ? new AppError('CONCURRENT_CHANGE') : error;
    });
    return written(after.state, after, null);
  }
}
