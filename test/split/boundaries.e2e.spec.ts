import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { connect as plainConnect } from 'node:net';
import path from 'node:path';
import { connect as tlsConnect, type ConnectionOptions } from 'node:tls';
import { checkAccess, checkSecretsCommand, checkSecretsQuery, createSecret } from '#libs/contracts';
import { Redacted } from '#libs/kernel';
import { createTcpClient, type MutualTls } from '#libs/transport';
import { enginesInstalled } from '../../scripts/engines/index.cjs';
import { Api } from '../e2e/api';
import { newCanary } from '../e2e/canary';
import { expectRefusal } from '../e2e/expect-refusal';
import { newDataDir } from '../e2e/running-server';
import { until } from '../e2e/until';
import { tlsOf } from './certificates';
import { Recorder } from './recorder';
import { gatewayOf, Rig } from './rig';
import type { ServiceProcess } from './service-process';

jest.setTimeout(120_000);

const SERVICES = ['access', 'secrets-command', 'secrets-query'] as const;
type Service = (typeof SERVICES)[number];

const context = { correlationId: 'request-1' };
const refused = expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }) as unknown;
const checks = {
  access: checkAccess,
  'secrets-command': checkSecretsCommand,
  'secrets-query': checkSecretsQuery,
};

(enginesInstalled() ? describe : describe.skip)('the services behind the gateway (needs the engines)', () => {
  let rig: Rig;
  let api: Api;
  let strangers: string;

  beforeAll(async () => {
    rig = await Rig.start();
    api = Api.of(rig);
    strangers = newDataDir();
    // Another authority that calls its own the same names.
    execFileSync(process.execPath, [path.join(__dirname, '../../scripts/certs.mjs'), '--dir', strangers]);
  });
  afterAll(async () => {
    await rig.discard();
    rmSync(strangers, { recursive: true });
  });

  const urlOf = (service: Service) =>
    new URL(rig.urls[`${service.replace('-', '_').toUpperCase()}_URL`] ?? '');
  const clientOf = (service: Service, identity: Omit<MutualTls, 'allowedPeers'> | undefined) => {
    const { hostname: host, port } = urlOf(service);
    const tls = identity && { ...identity, allowedPeers: [service] };
    return createTcpClient({ addresses: [{ host, port: Number(port) }], tls, deadlineMs: 2_000 });
  };
  /** Asks as somebody; what is refused must not even have been heard. */
  const ask = async (service: Service, identity: Omit<MutualTls, 'allowedPeers'> | undefined) => {
    const client = clientOf(service, identity);
    return client.send(checks[service], {}, context).finally(() => client.close());
  };
  const foreign = (name: string) => {
    const read = (file: string) => readFileSync(path.join(strangers, file));
    return { cert: read(`${name}.crt`), key: read(`${name}.key`), ca: tlsOf('access').ca };
  };
  const secretNamed = (name: string) => ({
    caller: { orgId: 'org_qvasmze6kndsh65v89n832dxv0', actorType: 'system' as const, actorId: 'intruder' },
    commandId: `command-${name}`,
    idempotencyKey: null,
    name,
    value: new Redacted('x'),
    description: null,
    tags: [],
    expiresAt: null,
  });

  it.each(SERVICES)('%s answers the gateway', async (service) => {
    await expect(ask(service, tlsOf('api-gateway'))).resolves.toMatchObject({
      parts: { 'event-store': 'ok' },
    });
  });

  it.each(SERVICES.flatMap((service) => SERVICES.map((other) => [service, other] as const)))(
    '%s refuses %s, whose certificate is of the same authority',
    async (service, other) => {
      await expect(ask(service, tlsOf(other))).rejects.toEqual(refused);
      const logged = async () => rig.services[service].map(({ err }) => err).join('');
      await until(logged, (lines) => lines.includes('peer refused'));
    },
  );

  it.each(SERVICES)(
    '%s refuses a certificate that another authority gave the name of the gateway',
    async (service) => {
      await expect(ask(service, foreign('api-gateway'))).rejects.toEqual(refused);
    },
  );

  it.each(SERVICES)('%s refuses who has no certificate, or no TLS at all', async (service) => {
    await expect(ask(service, undefined)).rejects.toEqual(refused);
    const frame = '{"id":"1","pattern":"$ping","data":{"request":{},"context":{"correlationId":"c"}}}';
    const { hostname: host, port } = urlOf(service);
    const address: ConnectionOptions = { host, port: Number(port), ca: tlsOf(service).ca };
    const anonymous = tlsConnect({ ...address, checkServerIdentity: () => undefined });
    const plain = plainConnect(Number(port), host);
    for (const socket of [anonymous, plain]) {
      const heard: Buffer[] = [];
      socket.on('error', () => undefined).on('data', (data: Buffer) => heard.push(data));
      socket.write(`${frame.length}#${frame}`);
      await new Promise((resolve) => socket.once('close', resolve));
      expect(Buffer.concat(heard).toString()).not.toContain('"id"');
    }
  });

  it('writes for the gateway, and for nobody else who claims to act for an organization', async () => {
    const intruder = clientOf('secrets-command', tlsOf('secrets-query'));
    await expect(intruder.send(createSecret, secretNamed('INTRUDED'), context)).rejects.toEqual(refused);
    await intruder.close();
    expectRefusal(await api.get('INTRUDED'), 404, 'NOT_FOUND');
    const gateway = clientOf('secrets-command', tlsOf('api-gateway'));
    await expect(gateway.send(createSecret, secretNamed('BY_GATEWAY'), context)).resolves.toBeDefined();
    await gateway.close();
    expect((await api.get('BY_GATEWAY')).status).toBe(200);
  });

  describe('with identities forged in headers', () => {
    const caller = JSON.stringify({ orgId: 'org_other', actorType: 'system', actorId: 'root' });
    const forged = {
      ...{ 'x-caller': caller, 'x-hklst-caller': caller, caller, 'x-internal-caller': caller },
      ...{ 'x-org-id': 'org_other', 'x-actor-id': 'root', 'x-actor-type': 'system', 'x-user-id': 'root' },
      ...{
        'x-scopes': 'operations',
        'x-internal': 'true',
        'x-forwarded-user': 'root',
        'x-remote-user': 'root',
      },
      ...{
        'x-client-cert': 'api-gateway',
        'x-ssl-client-s-dn': 'CN=api-gateway',
        'x-service': 'api-gateway',
      },
    };

    it('nobody becomes somebody', async () => {
      for (const path of ['secrets', 'secrets/BY_GATEWAY/value'])
        expectRefusal(
          await api.call('GET', path, { key: null, headers: forged }),
          401,
          'AUTHENTICATION_REQUIRED',
        );
      const body = { secret: { name: 'FORGED', value: 'x' } };
      expectRefusal(
        await api.call('POST', 'secrets', { key: null, headers: forged, body }),
        401,
        'AUTHENTICATION_REQUIRED',
      );
    });

    it('somebody stays who they are', async () => {
      const created = await api.create('OWN', 'x', {}, forged);
      expect(created.status).toBe(201);
      expect((await api.list('?name=OWN', forged)).body.data).toEqual([created.body.data]);
      const [version] = (await api.versions('OWN')).body.data;
      await api.create('OWN_TOO', 'x');
      const [honest] = (await api.versions('OWN_TOO')).body.data;
      expect(version?.actor).toBe(honest?.actor);
    });
  });

  describe('seen from between them and the gateway', () => {
    let recorders: Record<Service, Recorder>;
    let gateway: ServiceProcess;
    let throughIt: Api;

    beforeAll(async () => {
      const recorderOf = (service: Service) => Recorder.start(service, urlOf(service).href);
      recorders = {
        access: await recorderOf('access'),
        'secrets-command': await recorderOf('secrets-command'),
        'secrets-query': await recorderOf('secrets-query'),
      };
      gateway = await gatewayOf({
        ACCESS_URL: recorders.access.url,
        SECRETS_COMMAND_URL: recorders['secrets-command'].url,
        SECRETS_QUERY_URL: recorders['secrets-query'].url,
      });
      throughIt = new Api({ url: await gateway.start() }, rig.apiKey);
    });
    afterAll(async () => {
      await gateway.kill();
      for (const recorder of Object.values(recorders)) recorder.stop();
    });

    it('the credential goes to access alone, as the credential, and other headers go nowhere', async () => {
      const [cookie, stray, value] = [newCanary('Cookie'), newCanary('Stray'), newCanary('Value')];
      const headers = {
        cookie: `session=${cookie}`,
        'x-anything': stray,
        referer: stray,
      };
      const created = await throughIt.create('WATCHED', value, {}, headers);
      expect(created.status).toBe(201);
      expect((await throughIt.update('WATCHED', { description: 'd' }, headers)).status).toBe(200);
      expect((await throughIt.list('', headers)).status).toBe(200);
      const revealed = await throughIt.call('GET', 'secrets/WATCHED/value', { headers });
      expect(revealed.body).toMatchObject({ value });
      expect((await throughIt.delete('WATCHED', headers)).status).toBe(204);

      // The recorders hear: the value is in what the command service is sent.
      expect(recorders['secrets-command'].sent).toContain(value);
      const secretPart = rig.apiKey.slice(-40);
      const credential = `"apiKey":{"$redacted":"${rig.apiKey}"}`;
      expect(recorders.access.sent).toContain(credential);
      expect(recorders.access.sent.replaceAll(credential, '')).not.toContain(secretPart);
      for (const service of ['secrets-command', 'secrets-query'] as const)
        expect(recorders[service].sent).not.toContain(secretPart);
      for (const { sent } of Object.values(recorders))
        for (const foreignText of [cookie, stray, 'authorization', 'Bearer'])
          expect(sent).not.toContain(foreignText);
      for (const service of ['access', 'secrets-query'] as const)
        expect(recorders[service].sent).not.toContain(value);
    });
  });
});
