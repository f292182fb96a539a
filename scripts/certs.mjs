// `npm run certs`: makes a private authority, and the certificates by which services and engines authenticate each
// other.
import './check-node.mjs';
import { isIP } from 'node:net';
import path from 'node:path';
import { readArguments, refuseArguments, run } from './command-line.mjs';
import { install } from './install.mjs';
import { makePrivateFolder } from './private-folder.mjs';

const command = 'npm run certs --';
const usage = `Usage: npm run certs -- [options]

Makes a private authority and, signed by it, the certificates of a split
installation:

  api-gateway, access, secrets-command, secrets-query
                 by which the services know each other
  https          for the gateway's own clients: localhost, 127.0.0.1 and what
                 --host names
  event-store    for EventStoreDB, and mongodb for MongoDB (mongodb.pem holds
                 its key, too)

Each is NAME.crt with NAME.key (mode 0600). The audit relay is called by nobody
and calls no service: it has none. What is there and valid for more than 30 days
is kept, so run it again to renew what is about to expire: names given by --host
stay. A certificate of another authority is never touched.

  --dir FOLDER   where they go; default ./certs
  --host NAME    a further name or address under which clients reach the
                 gateway; repeat it for more. To drop one, remove https.crt
  --force        make everything anew, the authority included
  --help         show this`;

const options = {
  dir: { type: 'string', default: 'certs' },
  host: { type: 'string', multiple: true, default: [] },
  force: { type: 'boolean', default: false },
};

const { values } = readArguments({ command, usage, options });
const unfit = values.host.find((name) => !isHost(name));
if (unfit !== undefined)
  refuseArguments(
    `--host takes a name or an address, such as vault.example.com or 10.0.0.7, not ${unfit}`,
    command,
  );
await run(() => makeAll(values));

async function makeAll({ dir, host, force: anew }) {
  install();
  // This module needs the packages that `install` has installed.
  const { issue, openAuthority } = await import('./certificates.mjs');
  const folder = path.resolve(dir);
  makePrivateFolder(folder);
  const authority = await openAuthority(folder, { anew });
  report('ca', authority);
  // With a new authority, `anew` is set, so certificates of the old one are issued again.
  for (const wanted of certificates(host))
    report(wanted.file, await issue(folder, authority, { ...wanted, anew }));
  const shown = path.relative(process.cwd(), folder) || '.';
  console.log(`
Next: give each service its own, and the authority; for example
  SERVICE_CERT_FILE=${shown}/access.crt SERVICE_KEY_FILE=${shown}/access.key SERVICE_CA_FILE=${shown}/ca.crt \\
    npm run start:access
or npm run secrets and then docker compose --profile split up: docs/deploy.md.
Keep ca.key away from the services: whoever has it can make a certificate of any name.`);
}

function certificates(hosts) {
  const services = ['api-gateway', 'access', 'secrets-command', 'secrets-query'];
  const both = ['serverAuth', 'clientAuth'];
  const local = ['localhost', '127.0.0.1'];
  return [
    ...services.map((name) => ({ file: name, commonName: name, names: [name], key: 'ec', usages: both })),
    { file: 'https', commonName: 'hklst', names: [...local, ...hosts], key: 'ec', usages: ['serverAuth'] },
    // EventStoreDB reads RSA keys, and recognises other nodes of its cluster by this common name.
    {
      file: 'event-store',
      commonName: 'eventstoredb-node',
      names: ['event-store', ...local],
      key: 'rsa',
      usages: both,
    },
    {
      file: 'mongodb',
      commonName: 'mongodb',
      names: ['mongodb', ...local],
      key: 'ec',
      usages: both,
      inOneFile: true,
    },
  ];
}

function isHost(name) {
  return (
    isIP(name) > 0 || /^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i.test(name)
  );
}

function report(name, { isKept, isForeign = false }) {
  console.log(`${isKept ? 'kept' : 'made'}  ${name}${isForeign ? ' (not ours)' : ''}`);
}
