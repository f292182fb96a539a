import { Controller } from '@nestjs/common';
import { getLastRead, type ReplyOf, type RequestOf } from '#libs/contracts';
import { Handles } from '#libs/transport';
import { SecretReads } from './secret-reads';
import { SecretStreams } from './secret-streams';

@Controller()
export class GetLastReadHandler {
  constructor(
    private readonly streams: SecretStreams,
    private readonly secretReads: SecretReads,
  ) {}

  @Handles(getLastRead)
  async handle({ caller, secret }: RequestOf<typeof getLastRead>): Promise<ReplyOf<typeof getLastRead>> {
    const { orgId } = caller;
    const secretId = await this.streams.idOf(orgId, secret);
    return { lastReadAt: secretId && (await this.secretReads.lastReadAt(orgId, secretId)) };
  }
}
