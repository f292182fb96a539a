import { Controller, Inject } from '@nestjs/common';
import { revealSecret, type ReplyOf, type RequestOf } from '#libs/contracts';
import { eventMetadata, type EventStore } from '#libs/event-store';
import { accessStream, type SecretRead } from '#libs/events';
import { Keyring } from '#libs/key-store';
import { uuidV5, type Clock } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { CLOCK, EVENT_STORE, PRODUCER } from '../tokens';
import { FoldedSecrets } from './folded-secrets';

/** Maintained clocks differ by less than this, and a request is handled again sooner. */
const CLOCKS_APART_MS_MAX = 5 * 60_000;

@Controller()
export class RevealSecretHandler {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EVENT_STORE) private readonly events: EventStore,
    private readonly keyring: Keyring,
    private readonly secrets: FoldedSecrets,
  ) {}

  @Handles(revealSecret)
  async handle(
    request: RequestOf<typeof revealSecret>,
    { correlationId }: MessageContext,
  ): Promise<ReplyOf<typeof revealSecret>> {
    const { caller, address, userAgent } = request;
    const { orgId } = caller;
    const at = this.#timeOf(request);
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
      // A repetition may find a newer current version. It opens that one, so it records that one as well.
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
    // The value is opened while the record is written, and is given out only when the record is on disk.
    const opening = this.keyring.open(orgId, secret.id, version, sealed);
    const [value] = await Promise.all([opening, recording]);
    return { id: secret.id, name: secret.name, value, version, decryptedAt: at };
  }

  /**
   * Gives the request's time, so that handling a request again writes the same record. With a wrong clock of the
   * gateway, the record would be too old to be kept, or kept for too long. So this service then takes its own time. A
   * repetition leaves a second record then, which is better than no record or no value.
   */
  #timeOf({ at }: Pick<RequestOf<typeof revealSecret>, 'at'>): string {
    const now = this.clock.now();
    return Math.abs(Date.parse(at) - now.getTime()) <= CLOCKS_APART_MS_MAX ? at : now.toISOString();
  }
}
