import { Controller } from '@nestjs/common';
import { listSecretVersions, type ReplyOf, type RequestOf } from '#libs/contracts';
import { Handles } from '#libs/transport';
import { FoldedSecrets } from './folded-secrets';

@Controller()
export class ListSecretVersionsHandler {
  constructor(private readonly secrets: FoldedSecrets) {}

  @Handles(listSecretVersions)
  async handle({
    caller,
    secret: ref,
  }: RequestOf<typeof listSecretVersions>): Promise<ReplyOf<typeof listSecretVersions>> {
    const { secret, versions } = await this.secrets.find(caller.orgId, ref);
    const data = versions.map(({ version, insertedAt, actorId }) => ({
      version,
      inserted_at: insertedAt,
      actor: actorId,
      state: version === secret.version ? ('current' as const) : ('superseded' as const),
    }));
    return { data: data.reverse() };
  }
}
