import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { enginesInstalled } from '../../scripts/engines/index.cjs';
import { Api } from '../e2e/api';
import { expectRefusal } from '../e2e/expect-refusal';
import { expectRefusedStart } from '../e2e/expect-refused-start';
import { LaunchedProcess } from '../e2e/launched-process';
import { matching } from '../e2e/matching';
import { newDataDir } from '../e2e/running-server';
import { until } from '../e2e/until';
import { identityOf } from './certificates';
import { freePort } from './free-port';
import { Rig } from './rig';
import type { ServiceProcess } from './service-process';

jest.setTimeout(180_000);

const SERVICES = ['access', 'secrets-command', 'secrets-query'] as const;
const eventsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { event: string; component?: string; service?: string });

describe('a service in a process of its own', () => {
  let dataDir: string;
  const launch = (service: string, env: Record<string, string> = {}) =>
    new LaunchedProcess(service, { DATA_DIR: dataDir, LISTEN: 'tcp://127.0.0.1:0', PORT: '0', ...env });

  beforeEach(() => (dataDir = newDataDir()));
  afterEach(async () => {
    await LaunchedProcess.killAll();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it.each(SERVICES)('%s talks without certificates on the loopback interface only', async (service) => {
    const here = launch(service);
    expect((await here.ready()).url).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect(await here.stop()).toBe(0);
    for (const host of ['0.0.0.0', 'access']) {
      const refusal = await launch(service, { LISTEN: `tcp://${host}:7101` }).refusal();
      expectRefusedStart(
        refusal,
        /mutual TLS.*SERVICE_CERT_FILE.*SERVICE_KEY_FILE.*SERVICE_CA_FILE.*npm run certs/,
      );
    }
  });

  it('the gateway looks for services without certificates on the loopback interface only', async () => {
    const refusal = await launch('api-gateway', { SECRETS_QUERY_URL: 'tcp://10.0.0.1:7103' }).refusal();
    expectRefusedStart(refusal, /mutual TLS.*SERVICE_CERT_FILE.*npm run certs/);
  });

  it.each([
    ['LISTEN', 'access', '127.0.0.1:7101'],
    ['LISTEN', 'access', 'tcp://127.0.0.1:70000'],
    ['ACCESS_URL', 'api-gateway', 'tcp://127.0.0.1:7101,'],
    ['ACCESS_URL', 'api-gateway', 'tcp://127.0.0.1:7101;tcp://127.0.0.1:7102'],
    ['SERVICE_CERT_FILE', 'access', '/nowhere/access.crt'],
    ['HEALTH_FILE', 'access', '/nowhere/health'],
    ['PUBLIC_URL', 'access', 'ftp://x'],
    ['PUBLIC_URL', 'api-gateway', 'ftp://x'],
    ['KAFKA_BROKERS', 'audit-relay', ''],
  ])('is refused with a bad %s, which is named', async (setting, service, value) => {
    expectRefusedStart(await launch(service, { [setting]: value }).refusal(), setting);
  });

  it.each([
    ['access', ['RECOVERY_DAYS', 'LISTEN', 'SERVICE_CERT_FILE', 'MAIL_FROM', 'OIDC_ISSUER']],
    ['secrets-command', ['SECRETS_PER_ORGANIZATION_MAX', 'LISTEN', 'LOG_LEVEL']],
    ['secrets-query', ['LIST_WAIT_MS_MAX', 'LISTEN', 'SERVICE_CERT_FILE']],
    ['api-gateway', ['PORT', 'TLS_CERT_FILE', 'ACCESS_URL', 'SERVICE_CERT_FILE']],
    ['audit-relay', ['KAFKA_BROKERS', 'KAFKA_TLS', 'LOG_LEVEL']],
  ])('%s names every bad setting at once', async (service, names) => {
    const env = Object.fromEntries(names.map((name) => [name, 'nonsense']));
    const refusal = await launch(service, env).refusal();
    for (const name of names) expectRefusedStart(refusal, name);
  });

  it('is refused with certificates that cannot serve it', async () => {
    const good = identityOf('access');
    const broken = path.join(dataDir, 'broken.pem');
    writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n');
    const pairs: Record<string, string>[] = [
      { SERVICE_CERT_FILE: broken },
      { SERVICE_KEY_FILE: broken },
      { SERVICE_CA_FILE: broken },
      { SERVICE_KEY_FILE: identityOf('secrets-query')['SERVICE_KEY_FILE'] ?? '' },
      { SERVICE_KEY_FILE: '' },
    ];
    for (const bad of pairs)
      expectRefusedStart(await launch('access', { ...good, ...bad }).refusal(), /SERVICE_CERT_FILE/);
  });

  it('is refused on a port that is taken, and says which and what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const refusal = await launch('secrets-command', { LISTEN: `tcp://127.0.0.1:${port}` }).refusal();
    other.close();
    expectRefusedStart(
      refusal,
      new RegExp(`port ${port} on 127.0.0.1 is in use.*set LISTEN to another port`),
    );
  });

  it('shares no embedded store with another, and is told what to set', async () => {
    const access = launch('access');
    await access.ready();
    const refusal = await launch('secrets-command').refusal();
    expectRefusedStart(
      refusal,
      /in use by another process.*set EVENT_STORE_URL, READ_STORE_URL and KEY_STORE_URL to servers/,
    );
    expect(await access.stop()).toBe(0);
  });

  it('ends with code 0 while it still waits for a store', async () => {
    const nobody = `esdb://127.0.0.1:${await freePort()}?tls=false`;
    const access = launch('access', { EVENT_STORE_URL: nobody });
    await until(
      async () => access.err,
      (text) => text.includes('waiting'),
    );
    expect(await access.stop()).toBe(0);
  });

  it('keeps its health file for as long as it lives', async () => {
    const file = path.join(dataDir, 'health');
    const check = (ageMs: string) => {
      const script = path.join(__dirname, '../../scripts/healthy.mjs');
      try {
        execFileSync(process.execPath, [script, file, ageMs], { stdio: 'pipe' });
        return 'healthy';
      } catch (error) {
        return String((error as { stderr: Buffer }).stderr);
      }
    };
    expect(check('15000')).toMatch(/not ready/);
    const access = launch('access', { HEALTH_FILE: file });
    await access.ready();
    expect(check('15000')).toBe('healthy');
    access.pause();
    await until(
      async () => check('400'),
      (state) => /has not been written/.test(state),
    );
    access.resume();
    await until(
      async () => check('400'),
      (state) => state === 'healthy',
      10_000,
    );
    expect(await access.stop()).toBe(0);
    expect(existsSync(file)).toBe(false);
  });
});

(enginesInstalled() ? describe : describe.skip)('the services together (need the engines)', () => {
  let rig: Rig;
  afterEach(async () => {
    await (rig as Rig | undefined)?.discard();
    await LaunchedProcess.killAll();
  });

  const readiness = async () =>
    (
      await new Api(rig, '').call<{ status: string; services: Record<string, Record<string, string>> }>(
        'GET',
        '/readyz',
        { key: null },
      )
    ).body;
  const isReady = () => until(readiness, ({ status }) => status === 'ok', 20_000);

  it('start in any order, and say in a line what they wait for', async () => {
    rig = await Rig.prepare();
    await rig.engines.eventStore.stop();
    const launched = rig.processes.map((process) => process.launch());
    await until(
      async () => rig.processes,
      (all) => all.every(({ err }) => /waiting|service is away/.test(err)),
      20_000,
    );
    await rig.engines.eventStore.restart();
    await Promise.all(launched.map((process) => process.ready()));
    expect((await Api.of(rig).create('FIRST', 'x')).status).toBe(201);
    for (const { service, err } of Object.values(rig.services).flat()) {
      const said = eventsOf(err).map(({ event, component }) => ({ event, component }));
      const component = 'event-store';
      expect({ service, said }).toEqual({
        service,
        said: [
          { event: 'waiting', component },
          { event: 'no longer waiting', component },
        ],
      });
    }
    const said = eventsOf(rig.gateway.err).filter(({ event }) => event !== 'request');
    expect(said.map(({ event, component }) => `${component}: ${event}`).sort()).toEqual(
      SERVICES.flatMap((name) => [`${name}: service is away`, `${name}: service is back`]).sort(),
    );
  });

  it('need the same root key, and make none beside a key store on a server', async () => {
    rig = await Rig.prepare();
    const file = path.join(rig.dataDir, 'none.key');
    const [access] = rig.services.access;
    const refusal = await new LaunchedProcess('access', { ...access?.env, ROOT_KEY_FILE: file }).refusal();
    expectRefusedStart(refusal, /root key file.*none\.key is missing.*npm run secrets/);
    expect(existsSync(file)).toBe(false);
    const readable = path.join(rig.dataDir, 'readable.key');
    cpSync(access?.env['ROOT_KEY_FILE'] ?? '', readable);
    chmodSync(readable, 0o644);
    expectRefusedStart(
      await new LaunchedProcess('access', { ...access?.env, ROOT_KEY_FILE: readable }).refusal(),
      /chmod 600/,
    );
  });

  it('go on when one of two processes is killed, replaced or hangs, and say which part is away', async () => {
    rig = await Rig.start({
      counts: { access: 2, 'secrets-command': 2, 'secrets-query': 2 },
    });
    const api = Api.of(rig);
    await api.create('KEPT', 'value');
    const reveal = async () => (await api.reveal('KEPT')).body.value;
    let written = 0;
    const write = async () => (await api.create(`SECRET_${(written += 1)}`, 'x')).status;

    for (const service of SERVICES) {
      const [first, second] = rig.services[service] as [ServiceProcess, ServiceProcess];
      await first.kill();
      for (let n = 0; n < 3; n += 1) expect([await reveal(), await write()]).toEqual(['value', 201]);
      await first.start();
      await second.stop();
      for (let n = 0; n < 3; n += 1) expect([await reveal(), await write()]).toEqual(['value', 201]);
      await isReady();
      await first.stop();
      const { status, services } = await readiness();
      expect([status, services[service]]).toEqual(['unavailable', { service: 'away' }]);
      await Promise.all([first.start(), second.start()]);
      await isReady();
    }

    const [hanging] = rig.services['secrets-query'] as [ServiceProcess];
    hanging.pause();
    for (let n = 0; n < 6; n += 1) expect(await reveal()).toBe('value');
    hanging.resume();
  });

  it('tell apart an engine that is away', async () => {
    rig = await Rig.start();
    const api = Api.of(rig);
    await api.create('KEPT', 'value');
    rig.engines.eventStore.pause();
    const { services } = await until(readiness, ({ status }) => status !== 'ok', 20_000);
    for (const service of SERVICES)
      expect(services[service]).toEqual({ 'event-store': 'away', 'read-store': 'ok', 'key-store': 'ok' });
    expectRefusal(await api.create('REFUSED', 'x'), 503, matching(/^(STORE|SERVICE)_UNAVAILABLE$/));
    rig.engines.eventStore.resume();
    await isReady();
    expect((await api.reveal('KEPT')).body.value).toBe('value');
  });

  it('serve two gateways, each showing what was written through the other', async () => {
    rig = await Rig.start();
    const api = Api.of(rig);
    const port = String(await freePort());
    const other = new LaunchedProcess('api-gateway', { ...rig.gateway.env, PORT: port });
    const throughOther = new Api({ url: (await other.ready()).url }, rig.apiKey);
    const created = await api.create('SHARED', 'x');
    const token = { 'x-consistency-token': created.headers.get('x-consistency-token') ?? '' };
    expect((await throughOther.list('?name=SHARED', token)).body.data).toHaveLength(1);
    expect(await other.stop()).toBe(0);
  });

  it.each([
    ['apart', () => [newDataDir(), newDataDir()]],
    ['together', () => [newDataDir()].flatMap((folder) => [folder, folder])],
  ])('keep the first key of one access process of two, their folders being %s', async (_, newFolders) => {
    rig = await Rig.prepare({ counts: { access: 2 } });
    const folders = newFolders();
    const access = rig.services.access.map(
      ({ env }, n) => new LaunchedProcess('access', { ...env, DATA_DIR: folders[n] ?? '' }),
    );
    await Promise.all(access.map((process) => process.ready()));
    const keys = [...new Set(folders)].flatMap((folder) =>
      readdirSync(folder)
        .filter((name) => name.startsWith('first-api-key'))
        .map((name) => path.join(folder, name)),
    );
    expect(keys).toEqual([expect.stringMatching(/\/first-api-key$/)]);
    await Promise.all(
      [...rig.services['secrets-command'], ...rig.services['secrets-query'], rig.gateway].map((one) =>
        one.start(),
      ),
    );
    const key = readFileSync(keys[0] ?? '', 'utf8').trim();
    expect((await new Api(rig, key).list()).status).toBe(200);
    await Promise.all(access.map((process) => process.kill()));
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
});
