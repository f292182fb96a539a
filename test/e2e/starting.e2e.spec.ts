// Standalone only: it is about the start of the one process; that of five is in test/split.
// Runs alone: it measures how long a start takes, and what an idle server holds.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { once } from 'node:events';
import { createServer, type Server as NetServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text as readText } from 'node:stream/consumers';
import { connect } from 'node:tls';
import path from 'node:path';
import { parseApiKey } from '#libs/crypto';
import { eventMetadata, openEventStore } from '#libs/event-store';
import { organizationStream } from '#libs/events';
import { newCommandId, Redacted } from '#libs/kernel';
import { Api } from './api';
import { expectRefusedStart } from './expect-refused-start';
import { LaunchedProcess } from './launched-process';
import { matching } from './matching';
import { exchange, rawRequest } from './raw-http';
import { newDataDir, Server } from './server';
import { until } from './until';

jest.setTimeout(120_000);

/** Where the network reaches this machine, if it does. */
const reachedAt = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

const KEY = /hklst_[0-9a-z]{84}/g;

describe('starting', () => {
  let dataDir: string;
  let server: Server | undefined;
  const inDataDir = (file: string) => path.join(dataDir, file);
  const modeOf = (file: string) => (statSync(inDataDir(file)).mode & 0o777).toString(8);
  const start = async (env: Record<string, string> = {}) => (server = await Server.start({ dataDir, env }));
  const isOk = async (at: Server) => expect((await Api.of(at).list()).status).toBe(200);

  beforeEach(() => (dataDir = newDataDir()));
  afterEach(async () => {
    await server?.kill();
    server = undefined;
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('for the first time makes a key, shows it once and keeps it for its owner', async () => {
    rmSync(dataDir, { recursive: true });
    const first = await start();
    const [key, ...others] = first.screen.match(KEY) ?? [];
    expect(others).toEqual([]);
    expect(parseApiKey(new Redacted(key ?? ''))).not.toBeNull();
    expect(first.logs).not.toMatch(KEY);
    expect(readFileSync(inDataDir('first-api-key'), 'utf8').trim()).toBe(key);
    expect([modeOf('.'), modeOf('first-api-key'), modeOf('root.key')]).toEqual(['700', '600', '600']);
    expect(first.printed).not.toContain(readFileSync(inDataDir('root.key'), 'utf8').trim());
    await isOk(first);
  });

  it('says it is ready in its last line, which ends with the URL', async () => {
    const first = await start();
    expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(first.screen.trimEnd().split('\n').at(-1)).toBe(`ready ${first.url}`);
    await isOk(first);
    expect(await first.stop()).toBe(0);
    expect(first.screen.trimEnd().split('\n').at(-1)).toBe(`ready ${first.url}`);
  });

  it('tells a newcomer the address by which the operator says it is reached', async () => {
    const here = await start();
    expect(here.screen).toContain(`curl ${here.url}/api/v1/secrets `);
    await here.kill();

    rmSync(dataDir, { recursive: true });
    const behindProxy = await start({ PUBLIC_URL: 'https://vault.example' });
    expect(behindProxy.screen).toContain('curl https://vault.example/api/v1/secrets ');
    expect(behindProxy.screen).toContain('https://vault.example/sign-up#token=');
    await behindProxy.kill();

    rmSync(dataDir, { recursive: true });
    const forwarded = await start({ PUBLIC_URL: 'http://127.0.0.1:8080' });
    expect(forwarded.screen).toContain('curl http://127.0.0.1:8080/api/v1/secrets ');
    expect(forwarded.screen).toContain('http://127.0.0.1:8080/sign-up#token=');
  });

  it('again shows no key, keeps the old one working and takes at most 1.5 s', async () => {
    const first = await start();
    const key = first.apiKey;
    const rootKey = readFileSync(inDataDir('root.key'));
    await Api.of(first).create('KEPT', 'value');
    await first.stop();
    const times = [];
    for (let time = 0; time < 3; time += 1) {
      const second = await start();
      times.push(second.readyMs);
      expect(second.printed).not.toMatch(KEY);
      // Nobody has signed up, so the link is all that is shown besides.
      expect(second.screen).toMatch(/\/sign-up#token=\S{43}\n/);
      expect(second.screen.trimEnd().split('\n').at(-1)).toBe(`ready ${second.url}`);
      expect((await new Api(second, key).reveal('KEPT')).body.value).toBe('value');
      await second.stop();
    }
    expect(readFileSync(inDataDir('root.key'))).toEqual(rootKey);
    process.stderr.write(`ready after ${times.map((ms) => Math.round(ms)).join(', ')} ms\n`);
    expect(Math.min(...times)).toBeLessThan(1_500);
  });

  it('works without the file of the first key, and makes no other', async () => {
    const first = await start();
    const key = first.apiKey;
    await first.stop();
    rmSync(inDataDir('first-api-key'));
    const second = await start();
    expect(second.printed).not.toMatch(KEY);
    expect(existsSync(inDataDir('first-api-key'))).toBe(false);
    expect((await new Api(second, key).list()).status).toBe(200);
  });

  it('answers nobody before it knows all keys, should the index of them be gone', async () => {
    const first = await start();
    const key = first.apiKey;
    await first.stop();
    await fillLog(inDataDir('events.db'));
    for (const file of readdirSync(dataDir)) if (file.startsWith('access.db')) rmSync(inDataDir(file));
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as { port: number };
    free.close();
    await once(free, 'close');

    const starting = start({ PORT: String(port) });
    const at = new Api({ url: `http://127.0.0.1:${port}` }, key);
    const status = () => at.list().then((answer) => answer.status, () => 'refused'); // prettier-ignore
    expect(await until(status, (answer) => answer !== 'refused', 30_000)).toBe(200);
    await starting;
  });

  describe('on a port that is taken', () => {
    let other: NetServer;
    let port: string;

    beforeEach(async () => {
      other = createServer().listen(0, '127.0.0.1');
      await once(other, 'listening');
      port = String((other.address() as { port: number }).port);
    });
    afterEach(() => other.close());

    it('is refused', async () => {
      expectRefusedStart(await Server.startRefused({ dataDir, env: { PORT: port } }), port);
    });

    it('leaves it to the next start to show the first key', async () => {
      await Server.startRefused({ dataDir, env: { PORT: port } });
      const first = await start();
      expect(first.screen.match(KEY)).toEqual([first.apiKey]);
      await isOk(first);
    });
  });

  it('is refused where the data cannot be', async () => {
    const file = inDataDir('file');
    writeFileSync(file, 'x');
    // /proc takes no folder, and Node's own mkdir would try it for ever.
    for (const bad of [file, path.join(file, 'data'), '/dev/null', '/proc/nope/data'])
      expectRefusedStart(await Server.startRefused({ dataDir: bad }), bad);
    expect(readFileSync(file, 'utf8')).toBe('x');
  });

  it('is refused on data that is in use, and leaves its owner alone', async () => {
    const first = await start();
    expectRefusedStart(await Server.startRefused({ dataDir }), dataDir);
    await isOk(first);
    await first.kill();
    await isOk(await start());
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'example.com'])('is refused on HOST=%s without TLS', async (host) => {
    const refusal = await Server.startRefused({ dataDir, env: { HOST: host } });
    expectRefusedStart(refusal, /TLS_CERT_FILE.*TLS_KEY_FILE.*TRUSTED_PROXIES/);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it.each([
    ['PORT', 'abc'],
    ['PORT', '70000'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['TRUSTED_PROXIES', 'nonsense'],
    ['LOG_LEVEL', 'nonsense'],
    ['SECRETS_PER_ORGANIZATION_MAX', '0'],
    ['RECOVERY_DAYS', '-1'],
    ['LIST_WAIT_MS_MAX', 'nonsense'],
    ['EVENT_STORE_URL', 'nonsense://user:password@host'],
    ['READ_STORE_URL', 'nonsense://user:password@host'],
    ['KEY_STORE_URL', 'nonsense://user:password@host'],
    ['PUBLIC_URL', 'ftp://nonsense'],
    ['TLS_CERT_FILE', '/nowhere/cert.pem'],
  ])('is refused with %s=%s, which is named, but not repeated', async (name, value) => {
    const refusal = await Server.startRefused({ dataDir, env: { [name]: value } });
    expectRefusedStart(refusal, name);
    if (/nonsense|abc|80\.5/.test(value)) expect(refusal.output).not.toContain(value);
    expect(refusal.output).not.toContain('password');
  });

  it('names every bad setting at once', async () => {
    const env = {
      PORT: 'abc',
      LOG_LEVEL: 'loud',
      SECRETS_PER_ORGANIZATION_MAX: 'many',
      TRUSTED_PROXIES: 'x',
    };
    const refusal = await Server.startRefused({ dataDir, env });
    for (const name of Object.keys(env)) expectRefusedStart(refusal, name);
  });

  it('serves a host that only a trusted proxy reaches', async () => {
    const first = await start({ HOST: '0.0.0.0', TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8' });
    expect(first.url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
    expect(first.screen).toMatch(
      /http:\/\/0\.0\.0\.0:\d+\/sign-up#.*\n\n.*set PUBLIC_URL to the one that people open/,
    );
    await isOk(first);
  });

  const itIfReached = reachedAt === undefined ? it.skip : it;
  itIfReached(
    'answers over plain HTTP nobody but this machine, its proxies and who asks for health',
    async () => {
      const served = await start({ HOST: '0.0.0.0', TRUSTED_PROXIES: '203.0.113.7' });
      await isOk(served);
      const key = `Authorization: Bearer ${served.apiKey}`;
      // Whoever asks there comes from there as well.
      const ask = async (path: string, { url }: Server) =>
        exchange(
          { url: url.replace('0.0.0.0', reachedAt ?? '') },
          { pieces: [rawRequest(`GET ${path}`, [key]) + rawRequest('GET /livez')] },
        );
      for (const path of ['/api/v1/secrets', '/sign-in', '/nowhere', '/%zz']) {
        const { statuses, text, closed } = await ask(path, served);
        expect({ path, statuses, closed }).toEqual({ path, statuses: [400], closed: true });
        expect(text).toContain('over plain HTTP to its proxy alone');
      }
      for (const path of ['/livez', '/readyz', '/metrics'])
        expect((await ask(path, served)).statuses).toEqual([200, 200]);
      await served.kill();

      const proxied = await start({ HOST: '0.0.0.0', TRUSTED_PROXIES: `203.0.113.7,${reachedAt}/32` });
      expect((await ask('/api/v1/secrets', proxied)).statuses).toEqual([200, 200]);
    },
  );

  it.each([
    ['203.0.113.7', 'that is no address of this machine. Set HOST'],
    ['nosuch.invalid', 'Set HOST to an address of this machine'],
  ])('is refused on HOST=%s, and says what to do', async (host, words) => {
    const env = { HOST: host, TRUSTED_PROXIES: '127.0.0.1' };
    expectRefusedStart(await Server.startRefused({ dataDir, env }), words);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends with code 0 on %s, at once when nothing is under way',
    async (signal) => {
      const first = await start();
      await isOk(first);
      const began = performance.now();
      expect(await first.stop(signal)).toBe(0);
      expect(performance.now() - began).toBeLessThan(5_000);
      await isOk(await start());
    },
  );

  it.each(['events.db', 'keys.db', 'access.db', 'secrets-query.db'])(
    'ends with code 0, as if it had been ready, when it is told to as soon as there is a file %s',
    async (file) => {
      const starting = new LaunchedProcess('standalone', { DATA_DIR: dataDir, PORT: '0' });
      await until(async () => existsSync(inDataDir(file)), Boolean, 30_000);
      expect(await starting.stop()).toBe(0);
      expect(starting.err + starting.out).not.toContain('Cannot start');
      await isOk(await start());
    },
  );

  it('serves health and metrics at the root, to anybody', async () => {
    const api = Api.of(await start());
    const anybody = { key: null };
    const live = await api.call('GET', '/livez', anybody);
    expect([live.status, live.body]).toEqual([200, { status: 'ok' }]);
    const ready = await api.call('GET', '/readyz', anybody);
    expect([ready.status, ready.body]).toMatchObject([200, { status: 'ok' }]);
    expect(ready.text).not.toMatch(/away|unavailable/);
    const projections = ['api-key-index', 'member-index', 'secret-inventory', 'secret-list'];
    const areLive = ({ text }: { text: string }) =>
      projections.every((name) => text.includes(`projection_state{projection="${name}",state="live"} 1\n`));
    const metrics = await until(() => api.call('GET', '/metrics', anybody), areLive);
    expect(metrics.status).toBe(200);
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(metrics.text).toMatch(/^http_requests_total\{method="GET",route="\/livez",status="200"\} 1$/m);
    for (const name of projections)
      expect(metrics.text).toContain(`projection_parked_events{projection="${name}"} 0\n`);
    for (const line of metrics.text.trimEnd().split('\n'))
      expect(line).toMatch(/^(|# (HELP|TYPE) \w+ .+|\w+(\{.*\})? \S+)$/);
    for (const name of ['livez', 'readyz', 'metrics']) expect((await api.call('GET', name)).status).toBe(404);
  });

  it('has nothing by which a key of a JSON text becomes a prototype', async () => {
    const atEnd = "process.once('exit',()=>console.error('setter:'+('__proto__'in{})))";
    const first = await start({ NODE_OPTIONS: `--import=data:text/javascript,${atEnd}` });
    expect(await first.stop()).toBe(0);
    expect(first.printed).toContain('setter:false');
  });

  it('needs at most 130 MiB while it is idle', async () => {
    await (await start()).stop();
    const least = [];
    // Now and then V8 keeps a page or two more of a start than of others.
    while (least.length < 3 && !(Number(least.at(-1)) <= 130)) {
      const second = await start();
      await isOk(second);
      least.push(await leastResidentMiB(second.pid));
      await second.stop();
    }
    process.stderr.write(`idle with ${least.map((mib) => mib.toFixed(1)).join(', ')} MiB\n`);
    expect(least.at(-1)).toBeLessThanOrEqual(130);
  }, 180_000);
});

/** V8 gives back what a start has used when nothing has been asked for a while. */
async function leastResidentMiB(pid: number): Promise<number> {
  let least = Infinity;
  const look = async () => {
    const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return (least = Math.min(least, Number(kib) / 1024));
  };
  await until(look, (mib) => mib <= 130, 30_000).catch(() => undefined);
  return least;
}

/** Appends keys of other organizations, which take their time to index. */
async function fillLog(file: string): Promise<void> {
  const events = await openEventStore(`sqlite:${file}`);
  const keyOf = (n: number) => ({ type: 'ApiKeyIssued', data: { keyId: `key_${n}`, name: 'n', scopes: [], hash: '', issuedAt: '', expiresAt: null } }); // prettier-ignore
  const issued = Array.from({ length: 300 }, (_, n) => keyOf(n));
  const organizations = Array.from({ length: 100 }, (_, n) => `org_${n}`);
  const append = (orgId: string) => {
    const caller = { orgId, actorType: 'key', actorId: 'key_1' };
    const commandId = newCommandId(new Date());
    const metadata = eventMetadata({ caller, commandId, correlationId: commandId, at: new Date().toISOString(), producer: 'test' }); // prettier-ignore
    return events.append({
      orgId,
      stream: organizationStream(orgId),
      events: issued,
      expected: 'no stream',
      metadata,
    });
  };
  await Promise.all(organizations.map(append));
  await events.close();
}

describe('TLS', () => {
  let files: string;
  let env: Record<string, string>;
  const makeCertificate = (name: string) => {
    const [cert, key] = [path.join(files, `${name}.pem`), path.join(files, `${name}.key`)];
    const to = [
      '-keyout',
      key,
      '-out',
      cert,
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    ];
    const args = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
    ];
    execFileSync('openssl', [...args, ...to], { stdio: 'ignore' });
    return { TLS_CERT_FILE: cert, TLS_KEY_FILE: key };
  };
  const get = (url: string, options: object = {}) =>
    new Promise<{ status?: number; headers: NodeJS.Dict<string | string[]> }>((resolve, reject) => {
      const ca = readFileSync(env['TLS_CERT_FILE'] ?? '');
      request(url, { ca, ...options }, (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0, headers: response.headers });
      })
        .on('error', reject)
        .end();
    });

  /** What the parser of HTTP refuses, before there is a request. */
  const answerToNonsense = async (url: string) => {
    const ca = readFileSync(env['TLS_CERT_FILE'] ?? '');
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), ca }, () =>
      socket.write('nonsense\r\n\r\n'),
    );
    return readText(socket);
  };

  beforeAll(() => {
    files = newDataDir();
    env = makeCertificate('server');
  });
  afterAll(() => rmSync(files, { recursive: true }));

  it('is served on any address, with HSTS, and nothing else is', async () => {
    const server = await Server.start({ env: { ...env, HOST: '0.0.0.0' } });
    try {
      expect(server.url).toMatch(/^https:\/\/0\.0\.0\.0:\d+$/);
      const url = server.url.replace('0.0.0.0', '127.0.0.1');
      const headers = { authorization: `Bearer ${server.apiKey}` };
      const hsts = { 'strict-transport-security': matching(/^max-age=\d{8}/) };
      expect(await get(`${url}/api/v1/secrets`, { headers })).toMatchObject({ status: 200, headers: hsts });
      expect(await get(`${url}/api/v1/secrets`)).toMatchObject({ status: 401, headers: hsts });
      expect(await get(`${url}/%zz`)).toMatchObject({ status: 400, headers: hsts });
      const expecting = { headers: { expect: 'the-unexpected' } };
      for (let time = 0; time < 20; time += 1)
        expect(await get(`${url}/livez`, expecting)).toMatchObject({ status: 400, headers: hsts });
      expect(await answerToNonsense(url)).toMatch(/^HTTP\/1\.1 400 [^]*\nstrict-transport-security: max-age/);
      await expect(get(`${url}/livez`, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1' })).rejects.toThrow();
      const plain = await exchange(
        { url: url.replace('https', 'http') },
        { pieces: [rawRequest('GET /livez')] },
      );
      expect(plain.statuses.filter((status) => status < 400)).toEqual([]);
      expect(await server.stop()).toBe(0);
    } finally {
      await server.discard();
    }
  });

  it('is refused with files that cannot serve it', async () => {
    const dataDir = newDataDir();
    const broken = path.join(files, 'broken.pem');
    writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n');
    const missing = path.join(files, 'missing.pem');
    const pairs: Record<string, string>[] = [
      { TLS_CERT_FILE: missing },
      { TLS_KEY_FILE: missing },
      { TLS_CERT_FILE: broken },
      { TLS_KEY_FILE: broken },
      { TLS_KEY_FILE: makeCertificate('other').TLS_KEY_FILE },
    ];
    for (const bad of pairs) {
      const { code, output } = await Server.startRefused({ dataDir, env: { ...env, ...bad } });
      expect({ bad, output }).toEqual({ bad, output: matching(/^[^\n{}]*TLS[^\n{}]*\.\n$/) });
      expect(code).toBe(1);
    }
    rmSync(dataDir, { recursive: true });
  });
});
