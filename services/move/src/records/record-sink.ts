import type { EventStore } from '#libs/event-store';
import type { StoreOwner } from '#libs/host';
import type { Document, ReadStore } from '#libs/read-store';
import type { Sink } from '../comparison/compare';
import { RowSink } from '../comparison/rows';
import { moveRefused } from '../move-refused';
import { patiently } from '../patiently';
import { withPosition } from './log-positions';

export interface StoredRecord {
  readonly owner: StoreOwner;
  readonly collection: string;
  readonly document: Document;
}

/** Writes records with a position of the copied log. So the events must be copied before. */
export class RecordSink implements Sink<StoredRecord> {
  readonly #ensured = new Set<string>();
  readonly #rows = new RowSink(({ owner, collection, document }: StoredRecord) =>
    patiently(() => this.#storeOf(owner).put(collection, document)),
  );
  #position: string | undefined;

  constructor(
    private readonly stores: ReadonlyMap<StoreOwner, ReadStore>,
    private readonly log: EventStore,
  ) {}

  async take({ owner, collection, document }: StoredRecord): Promise<void> {
    // The record's position can be that of any event. Only the end of the log surely lies at or behind that event.
    this.#position ??= (await this.log.head()) ?? '0';
    await this.#ensure(owner, collection);
    await this.#rows.take({ owner, collection, document: withPosition(document, this.#position) });
  }

  end(): Promise<void> {
    return this.#rows.end();
  }

  /** Creates a collection without fields and indexes. The service that owns it adds them when it starts. */
  async #ensure(owner: StoreOwner, collection: string): Promise<void> {
    const place = `${owner} ${collection}`;
    if (this.#ensured.has(place)) return;
    await this.#storeOf(owner).ensureCollection({ name: collection, fields: {}, indexes: [] });
    this.#ensured.add(place);
  }

  #storeOf(owner: StoreOwner): ReadStore {
    const store = this.stores.get(owner);
    if (!store) throw moveRefused(`The target has no read store for ${owner}.`);
    return store;
  }
}
