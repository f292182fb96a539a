import path from 'node:path';
import { flag, integer, optionalText, redacted, text, type ValuesOf } from '#libs/kernel';

/** Settings that every process with stores reads, to be spread into its `readEnv`. */
export const storeSettings = {
  ALLOW_PLAINTEXT_STORES: flag(),
  AUDIT_RETENTION_DAYS: integer(400, 1, 36_500),
  DATA_DIR: text('./data'),
  EVENT_STORE_URL: optionalText(),
  KEY_STORE_URL: optionalText(),
  READ_STORE_URL: optionalText(),
  ROOT_KEY: redacted(),
  ROOT_KEY_FILE: optionalText(),
  ROOT_KEY_PREVIOUS: redacted(),
  ROOT_KEY_PREVIOUS_FILE: optionalText(),
};

/** The services that have a read store. A copy of an installation holds the stores of all of them. */
export const storeOwners = ['access', 'secrets-command', 'secrets-query', 'audit-relay'] as const;
export type StoreOwner = (typeof storeOwners)[number];

/** The name of the audit relay's checkpoint and lease. A move copies this checkpoint, and no projection's. */
export const AUDIT_RELAY_CHECKPOINT = 'audit-relay.1';

/** Where the stores are, and which root key opens them. */
export type StoresConfig = ReturnType<typeof toStoresConfig>;

/** A store without a setting is a SQLite file in the data directory. */
export function toStoresConfig(settings: ValuesOf<typeof storeSettings>) {
  const dataDir = path.resolve(settings.DATA_DIR);
  const inDataDir = (file: string) => path.join(dataDir, file);
  const { ROOT_KEY_PREVIOUS: previous, ROOT_KEY_PREVIOUS_FILE: previousFile } = settings;
  const isRotating = previous !== undefined || previousFile !== undefined;
  const { EVENT_STORE_URL: events, KEY_STORE_URL: keys, READ_STORE_URL: reads } = settings;
  return {
    dataDir,
    /** True when any store is a file and not on a server. */
    isEmbedded: [events, keys, reads].some(isInFiles),
    /** The same for a process that has no key store. */
    isKeylessEmbedded: [events, reads].some(isInFiles),
    /** Connections to stores need no TLS, as inside a private network, such as that of docker compose. */
    allowPlaintext: settings.ALLOW_PLAINTEXT_STORES,
    /** The `access-` streams of reads and refusals, one for each day, and for how many days they are kept. */
    retention: { category: 'access', days: settings.AUDIT_RETENTION_DAYS },
    eventStoreUrl: events ?? `sqlite:${inDataDir('events.db')}`,
    keyStoreUrl: keys ?? `sqlite:${inDataDir('keys.db')}`,
    /** Each service has a read store of its own. */
    readStoreUrl: (service: StoreOwner) =>
      ownDatabase(reads, service) ?? `sqlite:${inDataDir(`${service}.db`)}`,
    rootKey: {
      value: settings.ROOT_KEY,
      file: path.resolve(settings.ROOT_KEY_FILE ?? inDataDir('root.key')),
    },
    /** The root key that a rotation replaces; null when none is given. */
    previousRootKey: isRotating ? { value: previous, file: path.resolve(previousFile ?? '') } : null,
    firstApiKeyFile: inDataDir('first-api-key'),
  };
}

const MONGODB_URL = /^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?([^/?]*)(?:\?(.*))?$/;
/** The URL names the database of the user, or a way to log in other than a password, which implies one. */
const LOGIN_IS_NAMED = /(^|&)(authSource=|authMechanism=(?!SCRAM))/i;

/**
 * Gives each service its own database: `mongodb://host/hklst` becomes `mongodb://host/hklst-secrets-query` for the
 * query service, and `sqlite:/var/lib/reads.db` becomes `sqlite:/var/lib/reads-secrets-query.db`, because a file has
 * one process.
 */
function ownDatabase(url: string | undefined, service: string): string | undefined {
  const match = MONGODB_URL.exec(url ?? '');
  if (!match) return ownFile(url, service);
  const [, server = '', named = '', query = ''] = match;
  const options = server.includes('@') ? withUsersDatabase(query, named || 'admin') : query;
  return `${server}/${named || 'hklst'}-${service}${options && '?'}${options}`;
}

function ownFile(url: string | undefined, service: string): string | undefined {
  return url?.startsWith('sqlite:') ? url.replace(/(\.[^./]+)?$/, `-${service}$1`) : url;
}

/** MongoDB looks a user up in the database that the URL names. That one is kept, though the service uses another. */
function withUsersDatabase(query: string, database: string): string {
  if (LOGIN_IS_NAMED.test(query)) return query;
  return [query, `authSource=${database}`].filter(Boolean).join('&');
}

function isInFiles(url: string | undefined): boolean {
  return url === undefined || url.startsWith('sqlite:');
}
