import { Controller, Inject } from '@nestjs/common';
import { checkAccess, statesOf, type ReplyOf } from '#libs/contracts';
import type { EventStore } from '#libs/event-store';
import { Keyring } from '#libs/key-store';
import type { ReadStore } from '#libs/read-store';
import { Handles } from '#libs/transport';
import { EVENT_STORE, READ_STORE } from '../tokens';

@Controller()
export class CheckAccessHandler {
  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly keyring: Keyring,
  ) {}

  @Handles(checkAccess)
  async handle(): Promise<ReplyOf<typeof checkAccess>> {
    return statesOf({
      'event-store': () => this.events.ping(),
      'read-store': () => this.reads.ping(),
      'key-store': () => this.keyring.ping(),
    });
  }
}
