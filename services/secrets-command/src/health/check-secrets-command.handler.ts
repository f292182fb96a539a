import { Controller, Inject } from '@nestjs/common';
import { checkSecretsCommand, type ReplyOf } from '#libs/contracts';
import type { EventStore } from '#libs/event-store';
import { stateOf } from '#libs/host';
import { Keyring } from '#libs/key-store';
import type { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import { Handles } from '#libs/transport';
import { EVENT_STORE, READ_STORE, SECRET_INVENTORY } from '../tokens';

@Controller()
export class CheckSecretsCommandHandler {
  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly keyring: Keyring,
    @Inject(SECRET_INVENTORY) private readonly inventory: RunningProjection,
  ) {}

  @Handles(checkSecretsCommand)
  async handle(): Promise<ReplyOf<typeof checkSecretsCommand>> {
    const { events, reads, keyring } = this;
    return stateOf({ events, reads, keyring }, [this.inventory]);
  }
}
