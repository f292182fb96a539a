import { accessSync, constants } from 'node:fs';
import { configInvalid, isLoopback } from '#libs/kernel';
import { MongoClient, type MongoClientOptions } from 'mongodb';

export interface MongoOptions {
  /** The setting that holds the URL, for error messages. */
  readonly setting: string;
  /** The database to use when the URL names none. */
  readonly database: string;
  /** True to allow a connection without TLS to a server on the network. Default false. */
  readonly allowPlaintext?: boolean | undefined;
}

/** A host that has not answered within this time counts as away. */
export const AWAY_MS = 900;

const settings: MongoClientOptions = {
  appName: 'hklst',
  serverSelectionTimeoutMS: AWAY_MS,
  connectTimeoutMS: AWAY_MS,
  waitQueueTimeoutMS: AWAY_MS,
  // The driver's monitor asks every second, and ends the waiting calls of all connections two seconds after a server
  // hangs. The socket timeout is for a single broken connection. It is long, because building an index takes long.
  heartbeatFrequencyMS: 1_000,
  // A call to a server that is away makes the monitor look again at once, but at most this often.
  minHeartbeatFrequencyMS: 100,
  socketTimeoutMS: 60_000,
  maxPoolSize: 32,
  maxIdleTimeMS: 60_000,
  // A field that is undefined is left out, as in JSON.
  ignoreUndefined: true,
  promoteBuffers: true,
};

const NAMES_DATABASE = /^[^:]+:\/\/[^/?]+\/[^?]/;

/**
 * Parses a connection string without connecting. The settings above win over those of the string. Fails with
 * CONFIG_INVALID, which names the setting and what is wrong with it, never its content, because it may hold a password.
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

/** True for this machine, and for TLS that checks the certificate: unchecked TLS does not keep out an impostor. */
function isPrivate({ options }: MongoClient): boolean {
  const { hosts, srvHost, tls, rejectUnauthorized, checkServerIdentity } = options;
  if (tls) return rejectUnauthorized !== false && checkServerIdentity === undefined;
  // An SRV record names the hosts, so only the name server knows whether they are on this machine.
  return srvHost === undefined && hosts.every(({ host, socketPath }) => socketPath ?? isLoopback(host ?? ''));
}

/** Checks the files now: the driver reads them when it connects, and takes a missing one for a server that is away. */
function assertReadable(file: string | undefined, setting: string): void {
  try {
    if (file !== undefined) accessSync(file, constants.R_OK);
  } catch (cause) {
    throw configInvalid(setting, 'names a TLS file that cannot be read', cause);
  }
}
