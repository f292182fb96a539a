import { Controller } from '@nestjs/common';
import { listApiKeys, type ReplyOf, type RequestOf } from '#libs/contracts';
import { Handles } from '#libs/transport';
import { Organizations } from '../organizations/organizations';
import { ApiKeyUses } from './api-key-uses';
import { apiKeyView } from './api-key-view';

@Controller()
export class ListApiKeysHandler {
  constructor(
    private readonly organizations: Organizations,
    private readonly uses: ApiKeyUses,
  ) {}

  @Handles(listApiKeys)
  async handle({ caller }: RequestOf<typeof listApiKeys>): Promise<ReplyOf<typeof listApiKeys>> {
    const { keys } = await this.organizations.recent(caller.orgId);
    const uses = await this.uses.of(caller.orgId);
    return { data: [...keys.values()].map((key) => apiKeyView(key, uses.get(key.keyId) ?? null)) };
  }
}
