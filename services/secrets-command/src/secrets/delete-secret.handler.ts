import { Controller, Inject } from '@nestjs/common';
import { deleteSecret, type ReplyOf, type RequestOf } from '#libs/contracts';
import { eventMetadata, untilWon } from '#libs/event-store';
import { isLiveAs } from '#libs/events';
import { IdempotentAnswers } from '#libs/idempotency';
import { AppError, type Clock } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { CLOCK, PRODUCER } from '../tokens';
import { RecoveryWindows } from './recovery-windows';
import { decideDelete } from './secret.decider';
import { SecretNames } from './secret-names';
import { SecretShredder } from './secret-shredder';
import { SecretStreams } from './secret-streams';

type Command = RequestOf<typeof deleteSecret>;
type Reply = ReplyOf<typeof deleteSecret>;

@Controller()
export class DeleteSecretHandler {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly answers: IdempotentAnswers,
    private readonly names: SecretNames,
    private readonly shredder: SecretShredder,
    private readonly streams: SecretStreams,
    private readonly windows: RecoveryWindows,
  ) {}

  @Handles(deleteSecret)
  async handle(command: Command, context: MessageContext): Promise<Reply> {
    const { secret, ifRevision, destroy } = command;
    const fields = { secret, ifRevision, destroy };
    const target = () => this.names.resolve(command.caller.orgId, secret);
    const request = { message: deleteSecret, command, fields, target };
    return this.answers.once(request, (identified, secretId) => {
      if (secretId === null) throw new AppError('NOT_FOUND');
      return this.#delete(secretId, identified, context);
    });
  }

  async #delete(secretId: string, command: Command, context: MessageContext): Promise<Reply> {
    const { orgId } = command.caller;
    const reply = await untilWon(command.ifRevision, () => this.#end(secretId, command, context));
    if (command.destroy) await this.shredder.shred({ orgId, secretId }, context);
    return reply;
  }

  async #end(secretId: string, command: Command, { correlationId }: MessageContext): Promise<Reply> {
    const { caller, commandId, ifRevision } = command;
    const { orgId } = caller;
    const { state, revision, expected, applied } = await this.streams.load({ orgId, secretId }, commandId);
    if (applied) return { position: applied.position };
    if (!isLiveAs(state, command.secret)) throw new AppError('NOT_FOUND');
    if (ifRevision !== null && ifRevision !== revision) throw new AppError('PRECONDITION_FAILED');

    const keptMs = command.destroy ? 0 : await this.windows.lengthOf(orgId);
    const now = this.clock.now();
    const at = now.toISOString();
    const shredAfter = new Date(now.getTime() + keptMs).toISOString();
    const metadata = eventMetadata({ caller, commandId, correlationId, at, producer: PRODUCER });
    const events = decideDelete(state, { at, shredAfter });
    const append = { secretId, before: state, events, expected, metadata };
    const mayBeRepeated = command.idempotencyKey !== null;
    const { position } = await this.streams.change({ ...append, mayBeRepeated }, undefined);
    await this.names.release({ orgId, name: state.secret.name, secretId }, metadata, position);
    return { position };
  }
}
