import { Controller, Inject } from '@nestjs/common';
import { checkAccess, type ReplyOf } from '#libs/contracts';
import type { EventStore } from '#libs/event-store';
import { stateOf } from '#libs/host';
import { Keyring } from '#libs/key-store';
import type { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import { Handles } from '#libs/transport';
import { API_KEY_INDEX, EVENT_STORE, MEMBER_INDEX, READ_STORE } from '../tokens';

@Controller()
export class CheckAccessHandler {
  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly keyring: Keyring,
    @Inject(API_KEY_INDEX) private readonly keys: RunningProjection,
    @Inject(MEMBER_INDEX) private readonly members: RunningProjection,
  ) {}

  @Handles(checkAccess)
  async handle(): Promise<ReplyOf<typeof checkAccess>> {
    const { events, reads, keyring } = this;
    return stateOf({ events, reads, keyring }, [this.keys, this.members]);
  }
}
