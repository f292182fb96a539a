import { Controller, Inject } from '@nestjs/common';
import { revealSecret, type ReplyOf, type RequestOf } from '#libs/contracts';
import { eventMetadata, type EventStore } from '#libs/event-store';
import { accessStream, type SecretRead } from '#libs/events';
import { Keyring } from '#libs/key-store';
import { uuidV5, type Clock } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { CLOCK, EVENT_STORE, PRODUCER } from '../tokens';
import { FoldedSecrets } from './folded-secrets';

/** More than clocks that somebody looks after differ, and than a request takes until it is handled again. */
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

  /**
   * The request's time, so that the record is the same when it is handled again. A gateway whose clock is wrong would
   * write records that are too old to be kept, or are kept for too long: then the time of this service, for a second
   * record of one reading is better than none, and than no reading.
   */
  #timeOf({ at }: Pick<RequestOf<typeof revealSecret>, 'at'>): string {
    const now = this.clock.now();
    return Math.abs(Date.parse(at) - now.getTime()) <= CLOCKS_APART_MS_MAX ? at : now.toISOString();
  }
}
