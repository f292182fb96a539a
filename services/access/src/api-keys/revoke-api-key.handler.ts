import { Controller } from '@nestjs/common';
import { revokeApiKey, type ReplyOf, type RequestOf } from '#libs/contracts';
import { IdempotentAnswers } from '#libs/idempotency';
import { Handles, type MessageContext } from '#libs/transport';
import { actorIn, demand } from '../organizations/actor';
import { Organizations } from '../organizations/organizations';
import { decideKeyEnd } from './api-key.decider';

type Command = RequestOf<typeof revokeApiKey>;
type Reply = ReplyOf<typeof revokeApiKey>;

@Controller()
export class RevokeApiKeyHandler {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly organizations: Organizations,
  ) {}

  @Handles(revokeApiKey)
  async handle(command: Command, context: MessageContext): Promise<Reply> {
    const { caller, keyId } = command;
    const request = { message: revokeApiKey, command, fields: { keyId } };
    return this.answers.once(request, async (identified) => {
      const { position } = await this.organizations.change(identified, context, (before, at) => {
        demand(actorIn(before, caller, at), 'revoke-api-key');
        return decideKeyEnd(before, { keyId, at });
      });
      return { position };
    });
  }
}
