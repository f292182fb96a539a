import { Controller } from '@nestjs/common';
import { getSecret, presentSecret, type ReplyOf, type RequestOf } from '#libs/contracts';
import { Handles } from '#libs/transport';
import { FoldedSecrets } from './folded-secrets';
import { SecretReads } from './secret-reads';

@Controller()
export class GetSecretHandler {
  constructor(
    private readonly secrets: FoldedSecrets,
    private readonly secretReads: SecretReads,
  ) {}

  @Handles(getSecret)
  async handle({ caller, secret: ref }: RequestOf<typeof getSecret>): Promise<ReplyOf<typeof getSecret>> {
    const { secret, revision } = await this.secrets.find(caller.orgId, ref);
    return {
      data: presentSecret(secret, await this.secretReads.lastReadAt(caller.orgId, secret.id)),
      revision,
    };
  }
}
