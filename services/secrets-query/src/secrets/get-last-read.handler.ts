import { Controller } from '@nestjs/common';
import { getLastRead, type ReplyOf, type RequestOf } from '#libs/contracts';
import { Handles } from '#libs/transport';
import { FoldedSecrets } from './folded-secrets';
import { SecretReads } from './secret-reads';

@Controller()
export class GetLastReadHandler {
  constructor(
    private readonly secrets: FoldedSecrets,
    private readonly secretReads: SecretReads,
  ) {}

  @Handles(getLastRead)
  async handle({ caller, secret }: RequestOf<typeof getLastRead>): Promise<ReplyOf<typeof getLastRead>> {
    const { orgId } = caller;
    const secretId = await this.secrets.idOf(orgId, secret);
    return { lastReadAt: secretId && (await this.secretReads.lastReadAt(orgId, secretId)) };
  }
}
