import { Controller, Inject } from '@nestjs/common';
import { revealSecret, type ReplyOf, type RequestOf } from '#libs/contracts';
import { eventMetadata, type EventStore } from '#libs/event-store';
import { accessStream, type SecretRead } from '#libs/events';
import { Keyring } from '#libs/key-store';
import { uuidV5 } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { EVENT_STORE, PRODUCER } from '../tokens';
import { FoldedSecrets } from './folded-secrets';

@Controller()
export class RevealSecretHandler {
  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    private readonly keyring: Keyring,
    private readonly secrets: FoldedSecrets,
  ) {}

  @Handles(revealSecret)
  async handle(
    request: RequestOf<typeof revealSecret>,
    { correlationId }: MessageContext,
  ): Promise<ReplyOf<typeof revealSecret>> {
    const { caller, at, address, userAgent } = request;
    const { orgId } = caller;
    const found = await this.secrets.find(orgId, request.secret);
    const { secret } = found;
    const version = request.version ?? secret.version;
    const sealed = await this.secrets.sealed(orgId, found, version);

    const read: SecretRead = {
      type: 'SecretRead',
      data: { secretId: secret.id, version, readAt: at, address, userAgent },
    };
    const metadata = eventMetadata({
      caller,
      // The current version may have changed before a repetition: what it opens is then recorded as well.
      commandId: uuidV5(request.commandId, secret.id, version),
      correlationId,
      at,
      producer: PRODUCER,
    });
    const recording = this.events.append({
      orgId,
      stream: accessStream(orgId, at),
      events: [read],
      expected: 'any',
      metadata,
    });
    // The value is opened while the record is on its way to the disk, and leaves only when it is there.
    const opening = this.keyring.open(orgId, secret.id, version, sealed);
    const [value] = await Promise.all([opening, recording]);
    return { id: secret.id, name: secret.name, value, version, decryptedAt: at };
  }
}
