import { setTimeout as delay } from 'node:timers/promises';
import { enginesInstalled } from '../../scripts/engines/index.cjs';
import { Api } from '../e2e/api';
import { expectRefusal } from '../e2e/expect-refusal';
import { LaunchedProcess } from '../e2e/launched-process';
import { until } from '../e2e/until';
import { readTopic } from './audit-reader';
import { FaultClient } from './fault-load';
import { Rig } from './rig';

jest.setTimeout(300_000);

const CLIENTS = 6;
/** How long something is away or hangs. */
const FAULT_MS = 1_500;
/** From its return on, without anybody's doing. */
const RECOVERY_MS_MAX = 20_000;
const IN_LOG = ['SecretCreated', 'SecretUpdated', 'SecretMetadataChanged'];

interface Part {
  kill(): Promise<unknown>;
  start(): Promise<unknown>;
  pause(): unknown;
  resume(): unknown;
}

const onEngines = enginesInstalled() ? describe : describe.skip;

onEngines('under write load, what is killed or hangs (needs the engines)', () => {
  let rig: Rig;
  let api: Api;
  let clients: FaultClient[];
  let load: Promise<unknown>;
  const ending = new AbortController();

  beforeAll(async () => {
    rig = await Rig.start({ ownEngines: true });
    api = Api.of(rig as never);
    clients = Array.from({ length: CLIENTS }, (_, n) => new FaultClient(api, `CLIENT_${n}`));
    load = Promise.all(clients.map((client) => client.run(ending.signal)));
  });
  afterAll(async () => {
    ending.abort();
    await rig.discard();
    await LaunchedProcess.killAll();
  });

  const written = () => clients.map(({ acknowledged }) => acknowledged.length);
  const failures = () => clients.reduce((sum, client) => sum + client.failures, 0);
  /** Everybody gets on: two more writes each. */
  const goesOn = async () => {
    const before = written();
    await until(
      async () => written(),
      (now) => now.every((count, at) => count >= (before[at] ?? 0) + 2),
      RECOVERY_MS_MAX,
    );
  };
  const engine = (one: Rig['engines']['mongo'] | Rig['engines']['kafka'] | Rig['engines']['eventStore']) => {
    if (!one) throw new Error('The rig has engines of its own');
    return {
      kill: () => one.kill(),
      start: () => one.restart(),
      pause: () => one.pause(),
      resume: () => one.resume(),
    };
  };
  const parts: Record<string, () => Part> = {
    'event store': () => engine(rig.engines.eventStore),
    'MongoDB server': () => engine(rig.engines.mongo),
    'Kafka broker': () => engine(rig.engines.kafka),
    access: () => rig.services.access[0] as Part,
    'secrets-command': () => rig.services['secrets-command'][0] as Part,
    'secrets-query': () => rig.services['secrets-query'][0] as Part,
    'audit-relay': () => rig.services['audit-relay'][0] as Part,
    'api-gateway': () => rig.gateway,
  };
  /** Nobody who writes needs them. */
  const unnoticed = ['Kafka broker', 'audit-relay', 'secrets-query'];

  describe.each(Object.keys(parts))('%s', (name) => {
    const part = () => parts[name]?.() as Part;

    it.each<[string, () => Promise<unknown>, () => Promise<unknown>]>([
      ['killed', () => part().kill(), () => part().start()],
      ['stopped', async () => part().pause(), async () => part().resume()],
    ])('%s: everybody gets on afterwards, by themselves', async (how, goAway, comeBack) => {
      await goesOn();
      const before = failures();
      await goAway();
      await delay(FAULT_MS);
      await comeBack();
      const since = performance.now();
      await goesOn();
      const recoveryMs = Math.round(performance.now() - since);
      process.stderr.write(
        `${name} ${how}: ${failures() - before} tries failed, ${recoveryMs} ms to recover\n`,
      );
      if (unnoticed.includes(name)) expect(failures()).toBe(before);
      expect(clients.flatMap(({ surprises }) => surprises)).toEqual([]);
    });
  });

  it('has lost nothing and repeated nothing, in the log, on the topic and in the lists', async () => {
    ending.abort();
    await load;
    const acknowledged = clients.flatMap((client) => client.acknowledged);
    process.stderr.write(`${acknowledged.length} writes acknowledged\n`);
    expect(acknowledged.length).toBeGreaterThan(CLIENTS * 16 * 4);

    const log = rig.stored.log().filter(({ type }) => IN_LOG.includes(type));
    const told = (types: readonly string[]) =>
      log
        .filter(({ type }) => types.includes(type))
        .map(({ data }) => {
          const { version, name } = data['secret'] as { version: number; name: string };
          return `${version} of ${name}`;
        });
    const writes = acknowledged.map(({ description }) => description).sort();
    expect(told(['SecretCreated', 'SecretUpdated']).sort()).toEqual(writes);
    const changes = writes.filter((write) => !write.startsWith('1 '));
    expect(told(['SecretMetadataChanged']).sort()).toEqual(changes);

    const audited = new Map(
      log.map(({ id, stream }) => [id, stream.replace(/^secret-/, '').replace('.', '/')]),
    );
    const { KAFKA_BROKERS: brokers = '', KAFKA_TOPIC_PREFIX: prefix = '' } = rig.engines.env;
    const missing = new Set(audited.keys());
    const records = await readTopic(
      { brokers, topic: `${prefix}.secrets.audit.v1` },
      { enough: (read) => (missing.delete(read.at(-1)?.id ?? ''), missing.size === 0), msMax: 60_000 },
    );
    expect([...missing]).toEqual([]);
    const published = records.filter(({ id }) => audited.has(id));
    for (const { id, key } of published) expect(key).toBe(audited.get(id));
    const orderByKey = (of: readonly { id: string; key: string }[]) => {
      const order = new Map<string, Set<string>>();
      for (const { id, key } of of) order.set(key, (order.get(key) ?? new Set()).add(id));
      return Object.fromEntries([...order].sort().map(([key, ids]) => [key, [...ids]]));
    };
    // A repetition comes behind its first copy, and so changes nothing here.
    expect(orderByKey(published)).toEqual(orderByKey([...audited].map(([id, key]) => ({ id, key }))));

    const replayed = new Map(
      log.map(({ data }) => [(data['secret'] as { name: string }).name, data['secret']]),
    );
    const listed = await until(
      async () => (await api.list()).body.data,
      ({ length }) => length === replayed.size,
      RECOVERY_MS_MAX,
    );
    const shape = ({
      name,
      version,
      description,
    }: {
      name: string;
      version: number;
      description: string | null;
    }) => ({ name, version, description });
    const inOrder = [...replayed.keys()].sort();
    expect(listed.map(shape)).toEqual(inOrder.map((name) => shape(replayed.get(name) as never)));
    for (const [name, value] of clients.flatMap(({ values }) => [...values].slice(-3)))
      expect((await api.reveal(name)).body.value).toBe(value);
  });

  it('refuses writes within a second while the event store is away, and goes on listing (H2)', async () => {
    await api.create('BEFORE', 'x');
    const listed = (await api.list('?name=BEFORE')).body.data;
    expect(listed).toHaveLength(1);
    await rig.engines.eventStore.kill();
    const headers = { 'idempotency-key': 'while-away' };
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const began = performance.now();
      expectRefusal(await api.create('WHILE_AWAY', 'x', {}, headers), 503);
      expect(performance.now() - began).toBeLessThan(1_000);
      expect((await api.list('?name=BEFORE')).body.data).toEqual(listed);
    }
    expectRefusal(await api.reveal('BEFORE'), 503);
    await rig.engines.eventStore.restart();
    const answer = await until(
      () => api.create('WHILE_AWAY', 'x', {}, headers),
      ({ status }) => status !== 503,
      RECOVERY_MS_MAX,
    );
    expect(answer.status).toBe(201);
    expect((await api.list('?name=WHILE_AWAY')).body.data).toEqual([answer.body.data]);
    expect(
      rig.stored.log().filter(({ type, data }) => type === 'SecretCreated' && nameIn(data) === 'WHILE_AWAY'),
    ).toHaveLength(1);
  });

  it('writes once what was written when the connection was cut before the answer (H3)', async () => {
    await api.create('CUT', 'first');
    for (let version = 2; version <= 4; version += 1) {
      const headers = { 'idempotency-key': `cut-${version}` };
      await rig.engines.eventStore.control('cut-after-appends', 1);
      const value = `value ${version}`;
      const answers = [];
      for (let time = 0; time < 2; time += 1)
        answers.push(
          await until(
            () => api.update('CUT', { value }, headers),
            ({ status }) => status !== 503,
            RECOVERY_MS_MAX,
          ),
        );
      expect(answers.map(({ status, body }) => [status, body.data.version])).toEqual([
        [200, version],
        [200, version],
      ]);
    }
    const updates = rig.stored
      .log()
      .filter(({ type, data }) => type === 'SecretUpdated' && nameIn(data) === 'CUT');
    expect(updates).toHaveLength(3);
  });
});

function nameIn(data: Readonly<Record<string, unknown>>): string {
  return (data['secret'] as { name: string }).name;
}
