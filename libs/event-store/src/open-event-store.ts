import { isAbsolute } from 'node:path';
import { AppError } from '#libs/kernel';
import type { EventStore, EventStoreOptions } from './event-store';
import type * as esdbEngine from './esdb/esdb-event-store';
import type * as sqliteEngine from './sqlite/sqlite-event-store';

type Open = (url: string, options: EventStoreOptions) => Promise<EventStore>;

// Each engine is loaded when it is chosen, so that nobody pays for the others.
const engines: Readonly<Record<string, Open>> = {
  sqlite: async (url, options) => {
    const file = url.slice('sqlite:'.length);
    if (!isAbsolute(file)) throw configInvalid('sqlite: must be followed by an absolute path');
    const engine = require('./sqlite/sqlite-event-store') as typeof sqliteEngine;
    return engine.openSqliteEventStore({ file, ...options });
  },
  esdb: async (url, options) => {
    const engine = require('./esdb/esdb-event-store') as typeof esdbEngine;
    return engine.openEsdbEventStore(url, options);
  },
};

/** Opens the event store that the scheme of `url` names. CONFIG_INVALID when there is none of that kind. */
export async function openEventStore(url: string, options: EventStoreOptions = {}): Promise<EventStore> {
  const open = engines[/^([a-z]+)(\+discover)?:/.exec(url)?.[1] ?? ''];
  if (!open) throw configInvalid(`it must begin with ${Object.keys(engines).join(': or ')}:`);
  return open(url, options);
}

function configInvalid(reason: string): AppError {
  return new AppError('CONFIG_INVALID', {
    safeMessage: `Cannot start: EVENT_STORE_URL is invalid: ${reason}.`,
  });
}
