import { Controller, Inject } from '@nestjs/common';
import { checkSecretsQuery, type ReplyOf } from '#libs/contracts';
import type { EventStore } from '#libs/event-store';
import { stateOf } from '#libs/host';
import { Keyring } from '#libs/key-store';
import type { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import { Handles } from '#libs/transport';
import { EVENT_STORE, READ_STORE, SECRET_LIST } from '../tokens';

@Controller()
export class CheckSecretsQueryHandler {
  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly keyring: Keyring,
    @Inject(SECRET_LIST) private readonly list: RunningProjection,
  ) {}

  @Handles(checkSecretsQuery)
  async handle(): Promise<ReplyOf<typeof checkSecretsQuery>> {
    const { events, reads, keyring } = this;
    return stateOf({ events, reads, keyring }, [this.list]);
  }
}
