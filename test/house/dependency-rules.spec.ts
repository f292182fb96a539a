import { libs, plant, textsOf, type Breach, type PlantedProject } from './planted-project';
import { read, trackedFiles } from './tracked-files';

const use = (name: string) => `import * as other from '${name}';\nexport const used = other;\n`;

const breaches: Breach[] = [
  ...libs.map((lib): Breach => {
    const foreign = lib === 'projection' ? 'transport' : 'projection';
    return [`libs/${lib}/src/breach.ts`, `lib-${lib}`, use(`#libs/${foreign}`)];
  }),
  ['libs/kernel/src/upwards.ts', 'lib-kernel', use('../../../services/access/src/main')],
  ['libs/event-store/src/driver.ts', 'driver-libsql', use('libsql')],
  ['services/access/src/driver.ts', 'driver-@eventstore/db-client', use('@eventstore/db-client')],
  ['libs/event-store/src/documents.ts', 'driver-mongodb', use('mongodb')],
  ['services/access/src/stream.ts', 'driver-kafkajs', use('kafkajs')],
  ['services/api-gateway/src/login.ts', 'driver-openid-client', use('openid-client')],
  ['services/api-gateway/src/store.ts', 'gateway-holds-nothing', use('#libs/read-store')],
  ['services/secrets-query/src/engine.ts', 'service-layers', use('#libs/sqlite')],
  ['services/move/src/cipher.ts', 'move-opens-nothing', use('#libs/crypto')],
  ['services/secrets-query/src/neighbour.ts', 'services-apart', use('../../access/src/main')],
  ['services/access/src/nest.decider.ts', 'pure-deciders', use('@nestjs/common')],
  ['services/access/src/node.decider.ts', 'pure-deciders', use('node:path')],
  ['services/access/src/users/eager.ts', 'access-reading-order', use('../me/late')],
  ['libs/events/src/clock.events.ts', 'pure-deciders', use('node:os')],
  ['services/access/src/inside.ts', 'lib-entry', use('../../../libs/event-store/src/other')],
  ['libs/projection/src/inside.unit.spec.ts', 'lib-entry-from-specs', use('../../event-store/src/other')],
  ['services/access/src/tested.ts', 'tests-stay-outside', use('#libs/testing')],
  ['libs/event-store/src/suite.ts', 'tests-stay-outside', use('./event-store.contract')],
  ['test/e2e/inside.e2e.spec.ts', 'black-box-tests', use('../../services/access/src/main')],
  ['services/access/src/tool.ts', 'shipped-dependencies', use('prettier')],
  ['services/access/src/here.ts', 'no-cycle', `${use('./there')}export const here = 1;\n`],
  ['services/access/src/dead.ts', 'no-dead-file', 'export const dead = 1;\n'],
  ['services/access/src/lost.ts', 'resolvable', use('./nowhere')],
];

/** Reached from a main file and within the rules. */
const allowed = {
  'services/standalone/src/main.ts': use('../../secrets-command/src/app.module'),
  'services/secrets-command/src/app.module.ts':
    use('./secret.decider') + use('#libs/key-store').replaceAll('other', 'keys'),
  'services/secrets-command/src/secret.decider.ts': use('#libs/events'),
  'services/secrets-command/src/secret.int.spec.ts': use(
    '../../../libs/event-store/src/event-store.contract',
  ),
};

const scenery = {
  'services/access/src/there.ts': use('./here'),
  'services/access/src/me/late.ts': 'export const late = 1;\n',
  'libs/event-store/src/other.ts': 'export const other = 1;\n',
  'libs/event-store/src/event-store.contract.ts': use('./other'),
};

interface Report {
  summary: {
    violations: { from: string; rule: { name: string } }[];
    ruleSetUsed: { forbidden: Rule[] };
  };
}

interface Rule {
  name: string;
  from: { path?: string };
  to: { pathNot?: string };
}

/** By room, the libs that it may enter besides the kernel. */
type Rooms = Record<string, string[]>;

/** As the rules have it: those from a room, or from several, to libs that are counted out. */
function roomsOf(rules: readonly Rule[]): Rooms {
  const rooms = rules.flatMap(({ from, to }) => {
    const [, kind = '', names] = /^\^(libs|services)\/\(?([\w|-]+)\)?\/$/.exec(from.path ?? '') ?? [];
    const [, entered] = /^\^libs\/\(([\w|-]+)\)\/$/.exec(to.pathNot ?? '') ?? [];
    if (names === undefined || entered === undefined) return [];
    return names.split('|').map((name): [string, string[]] => {
      const others = entered.split('|').filter((lib) => lib !== 'kernel' && lib !== name);
      return [`${kind}/${name}`, others.sort()];
    });
  });
  return Object.fromEntries(rooms);
}

/** As the page has it. */
function printedRooms(page: string): Rooms {
  const rows = [...page.matchAll(/^\| (libs|services)\/([^|]+?) +\| ([^|]+?) +\|$/gm)];
  const rooms = rows
    .filter(([, , , entered = '']) => !entered.startsWith('everything'))
    .flatMap(([, kind = '', names = '', entered = '']) => {
      const others = entered.split(', ').filter((lib) => libs.includes(lib));
      return names.split(', ').map((name): [string, string[]] => [`${kind}/${name}`, [...others].sort()]);
    });
  return Object.fromEntries(rooms);
}

describe('.dependency-cruiser.cjs', () => {
  let project: PlantedProject;
  let report: Report['summary'];
  const reportedOn = (file: string) =>
    report.violations.filter(({ from }) => from === file).map(({ rule }) => rule.name);

  beforeAll(async () => {
    project = await plant({ ...textsOf(breaches), ...allowed, ...scenery });
    const tool = 'dependency-cruiser/bin/dependency-cruise.mjs';
    const output = await project.run(tool, '--output-type', 'json', 'libs', 'services', 'test');
    report = (JSON.parse(output) as Report).summary;
  }, 60_000);

  afterAll(() => project.remove());

  it.each(breaches)('reports %s as %s', (file, rule) => {
    expect(reportedOn(file)).toContain(rule);
  });

  it.each(Object.keys(allowed))('has nothing against %s', (file) => {
    expect(reportedOn(file)).toEqual([]);
  });

  it('has no rule without a planted breach', () => {
    const proven = new Set(breaches.map(([, rule]) => rule));
    expect(report.ruleSetUsed.forbidden.map(({ name }) => name).filter((name) => !proven.has(name))).toEqual(
      [],
    );
  });

  it('says what docs/adr/0008 says of every lib and every service', () => {
    const rooms = roomsOf(report.ruleSetUsed.forbidden);
    expect(Object.keys(rooms).length).toBeGreaterThan(libs.length);
    expect(printedRooms(read('docs/adr/0008-layering-of-rooms.md'))).toEqual(rooms);
  });
});

describe('docs/ARCHITECTURE.md', () => {
  it('has a row for every room', () => {
    const rows = [...read('docs/ARCHITECTURE.md').matchAll(/^\| `((?:libs|services)\/[\w-]+)` /gm)];
    const rooms = trackedFiles().flatMap((file) => /^(?:libs|services)\/[\w-]+(?=\/)/.exec(file) ?? []);
    expect(rows.map(([, room]) => room).sort()).toEqual([...new Set(rooms)].sort());
  });
});
