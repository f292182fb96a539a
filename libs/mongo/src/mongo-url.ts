import { accessSync, constants } from 'node:fs';
import { configInvalid, isLoopback } from '#libs/kernel';
import { MongoClient, type MongoClientOptions } from 'mongodb';

export interface MongoOptions {
  /** The setting that holds the URL: a complaint names it. */
  readonly setting: string;
  /** The database, when the URL names none. */
  readonly database: string;
  /** Default false: a server on the network is talked to under TLS only. */
  readonly allowPlaintext?: boolean | undefined;
}

/** A host that has not answered by then is away. */
export const AWAY_MS = 900;

const settings: MongoClientOptions = {
  appName: 'hklst',
  serverSelectionTimeoutMS: AWAY_MS,
  connectTimeoutMS: AWAY_MS,
  waitQueueTimeoutMS: AWAY_MS,
  // The monitor asks every second; of a server that hangs it ends the waiting calls of all connections after
  // two. The socket's own limit is for the single connection that broke, and for long builds of an index.
  heartbeatFrequencyMS: 1_000,
  // A call while the server is away makes the monitor look again at once, so often at most.
  minHeartbeatFrequencyMS: 100,
  socketTimeoutMS: 60_000,
  maxPoolSize: 32,
  maxIdleTimeMS: 60_000,
  // As JSON has it.
  ignoreUndefined: true,
  promoteBuffers: true,
};

const NAMES_DATABASE = /^[^:]+:\/\/[^/?]+\/[^?]/;

/**
 * Reads a connection string; connects to nobody yet. Fails with CONFIG_INVALID, naming the setting and what
 * is wrong with it, never its content: it may hold a password. The settings above come before the string's.
 */
export function parseMongoUrl(url: string, { setting, database, allowPlaintext }: MongoOptions) {
  const client = clientFor(url, setting);
  if (!allowPlaintext && !isPrivate(client)) {
    throw configInvalid(
      setting,
      'needs tls=true and no setting that weakens it, or a loopback address; inside a private network, ALLOW_PLAINTEXT_STORES may be true',
    );
  }
  const { tlsCAFile, tlsCertificateKeyFile, tlsCRLFile } = client.options;
  for (const file of [tlsCAFile, tlsCertificateKeyFile, tlsCRLFile]) assertReadable(file, setting);
  return { client, database: NAMES_DATABASE.test(url) ? client.options.dbName : database };
}

function clientFor(url: string, setting: string): MongoClient {
  try {
    return new MongoClient(url, settings);
  } catch (cause) {
    throw configInvalid(
      setting,
      'must look like mongodb://user:password@host:27017/database?tls=true',
      cause,
    );
  }
}

/** TLS that takes any certificate keeps out those who listen, not those who answer. */
function isPrivate({ options }: MongoClient): boolean {
  const { hosts, srvHost, tls, rejectUnauthorized, checkServerIdentity } = options;
  if (tls) return rejectUnauthorized !== false && checkServerIdentity === undefined;
  // Which hosts an SRV record names is for the name server to say.
  return srvHost === undefined && hosts.every(({ host, socketPath }) => socketPath ?? isLoopback(host ?? ''));
}

/** The driver reads the files when it connects, and takes a missing one for a server that is away. */
function assertReadable(file: string | undefined, setting: string): void {
  try {
    if (file !== undefined) accessSync(file, constants.R_OK);
  } catch (cause) {
    throw configInvalid(setting, 'names a TLS file that cannot be read', cause);
  }
}
