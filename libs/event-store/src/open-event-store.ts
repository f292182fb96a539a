import { engineFor } from '#libs/kernel';
import type { EventStore, EventStoreOptions } from './event-store';
import type * as esdbEngine from './esdb/esdb-event-store';
import type * as sqliteEngine from './sqlite/sqlite-event-store';

type Open = (place: string, options: EventStoreOptions) => Promise<EventStore>;

// An engine is loaded only when it is chosen, because loading the others would cost time and memory.
const openSqlite: Open = async (file, options) => {
  const engine = require('./sqlite/sqlite-event-store') as typeof sqliteEngine;
  return engine.openSqliteEventStore(file, options);
};
const openEsdb: Open = async (url, options) => {
  const engine = require('./esdb/esdb-event-store') as typeof esdbEngine;
  return engine.openEsdbEventStore(url, options);
};

const engines = new Map([
  ['sqlite', openSqlite],
  ['esdb', openEsdb],
  ['esdb+discover', openEsdb],
]);

/** Opens the event store that `url` names, such as `sqlite:/var/lib/hklst/events.db`. Fails as `engineFor` does. */
export async function openEventStore(url: string, options: EventStoreOptions = {}): Promise<EventStore> {
  const { engine, place } = engineFor('EVENT_STORE_URL', url, engines);
  return engine(place, options);
}
