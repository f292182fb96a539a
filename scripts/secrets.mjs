// `npm run secrets`: makes a root key and the engines' passwords, for docker compose or for a split installation.
import './check-node.mjs';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readArguments, run } from './command-line.mjs';
import { makePrivateFolder } from './private-folder.mjs';

const usage = `Usage: npm run secrets -- [options]

Makes the secrets that docker-compose.yml refers to, each in a file of mode
0600. A file that is there is never touched.

  root.key          the root key: 32 random bytes. Without it nothing can be
                    opened: back it up, apart from the data
  event-store.env   the first passwords of EventStoreDB's accounts
  mongodb.env       the passwords of MongoDB's administrator and of two logins,
                    one for the read stores and one for the key store
  stores.env        EVENT_STORE_URL and READ_STORE_URL with these passwords
  keys.env          KEY_STORE_URL, for the services that hold keys

  --dir FOLDER   where they go; default ./secrets
  --help         show this`;

const options = { dir: { type: 'string', default: 'secrets' } };
const { values } = readArguments({ command: 'npm run secrets --', usage, options });
await run(() => makeAll(path.resolve(values.dir)));

function makeAll(folder) {
  makePrivateFolder(folder);
  keep(folder, 'root.key', () => [randomBytes(32).toString('hex')]);
  const events = keep(folder, 'event-store.env', () => [
    `EVENTSTORE_DEFAULT_ADMIN_PASSWORD=${password()}`,
    `EVENTSTORE_DEFAULT_OPS_PASSWORD=${password()}`,
  ]);
  const mongo = keep(folder, 'mongodb.env', () => [
    'MONGO_INITDB_ROOT_USERNAME=root',
    `MONGO_INITDB_ROOT_PASSWORD=${password()}`,
    `READ_STORE_PASSWORD=${password()}`,
    `KEY_STORE_PASSWORD=${password()}`,
  ]);
  const tls = 'tlsCAFile=/run/secrets/ca.crt';
  const esdb = `esdb://admin:${valueOf(events, 'EVENTSTORE_DEFAULT_ADMIN_PASSWORD')}@event-store:2113?${tls}`;
  // scripts/mongodb-users.cjs makes both logins, with rights on these databases.
  const mongodb = (name, itsPassword) =>
    `mongodb://${name}:${valueOf(mongo, itsPassword)}@mongodb:27017/${name}?authSource=admin&tls=true&${tls}`;
  keep(folder, 'stores.env', () => [
    `EVENT_STORE_URL=${esdb}`,
    `READ_STORE_URL=${mongodb('hklst', 'READ_STORE_PASSWORD')}`,
  ]);
  keep(folder, 'keys.env', () => [`KEY_STORE_URL=${mongodb('hklst-keys', 'KEY_STORE_PASSWORD')}`]);
  console.log(`
Next: npm run certs, and then docker compose --profile split up: docs/deploy.md.
Back up ${path.relative(process.cwd(), path.join(folder, 'root.key'))} now, apart from the data.`);
}

/** Gives the text of the file. If the file does not exist, it is made of these lines. */
function keep(folder, name, lines) {
  const file = path.join(folder, name);
  const isKept = existsSync(file);
  if (!isKept) writeFileSync(file, `${lines().join('\n')}\n`, { mode: 0o600, flag: 'wx' });
  console.log(`${isKept ? 'kept' : 'made'}  ${name}`);
  return readFileSync(file, 'utf8');
}

/**
 * Makes a password of 192 random bits. It stands in URLs and env files, so it has only characters that need no escape.
 */
function password() {
  return randomBytes(24).toString('hex');
}

function valueOf(text, name) {
  const value = new RegExp(`^${name}=(.+)$`, 'm').exec(text)?.[1];
  if (value === undefined)
    throw new Error(`${name} is missing in a file that npm run secrets has made earlier.`);
  return value;
}
