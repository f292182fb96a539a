// Who may enter which room (docs/adr/0008-layering-of-rooms.md). test/house plants a breach of each rule.
const spec = '\\.(spec|contract)\\.ts$|^libs/testing/';
const product = { path: '^(libs|services)/', pathNot: spec };
/** Where a process or a worker thread begins. */
const started = '^services/[^/]+/src/main\\.ts$|\\.(jobs|worker)\\.ts$';
const ours = '^(libs|services|test|bench|dashboard|clients)/';

/** The libs that each lib may import, besides kernel. */
const libs = {
  kernel: [],
  contracts: [],
  events: [],
  crypto: [],
  observability: [],
  sqlite: [],
  mongo: [],
  'event-store': ['sqlite'],
  'read-store': ['sqlite', 'mongo'],
  'key-store': ['sqlite', 'mongo', 'crypto'],
  transport: ['contracts', 'observability'],
  projection: ['event-store', 'read-store'],
  idempotency: ['read-store', 'key-store'],
  process: ['observability', 'transport'],
  host: ['process', 'observability', 'transport', 'event-store', 'read-store', 'key-store'],
};
const wire = ['kernel', 'contracts', 'transport', 'observability', 'process'];
const stores = [
  'events',
  'event-store',
  'read-store',
  'key-store',
  'crypto',
  'projection',
  'idempotency',
  'host',
];

/** The only rooms that may import a driver: what is behind a port stays behind it. */
const drivers = {
  libsql: 'libs/sqlite',
  '@eventstore/db-client': 'libs/event-store',
  mongodb: 'libs/mongo',
  kafkajs: 'services/audit-relay',
  'openid-client': 'services/access',
};

/** The folders of services/access in the order to read them: each imports those before it, and what lies beside them. */
const accessFolders = [
  ...['mail', 'users', 'sessions', 'lockouts', 'organizations', 'members', 'refusals', 'api-keys'],
  ...['passwords', 'second-factors', 'sign-in', 'sign-up', 'oidc', 'me', 'health'],
];

const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });
const roomsOf = (names) => `^libs/(${names.join('|')})/`;

const libLayers = Object.entries(libs).map(([lib, others]) =>
  rule(
    `lib-${lib}`,
    `libs/${lib} imports ${['kernel', ...others].join(', ')} and nothing else of ours.`,
    { path: `^libs/${lib}/`, pathNot: spec },
    { path: ours, pathNot: roomsOf([lib, 'kernel', ...others]) },
  ),
);

const driverRooms = Object.entries(drivers).map(([driver, room]) =>
  rule(
    `driver-${driver}`,
    `${driver} is imported in ${room} only.`,
    { ...product, pathNot: [spec, `^${room}/`] },
    { path: `node_modules/${driver}/` },
  ),
);

const accessOrder = accessFolders.map((folder, at) =>
  rule(
    'access-reading-order',
    'A folder of services/access imports those before it, so that there is a first one to read.',
    { path: `^services/access/src/${folder}/`, pathNot: spec },
    {
      path: '^services/access/src/[^/]+/',
      pathNot: `^services/access/src/(${accessFolders.slice(0, at + 1).join('|')})/`,
    },
  ),
);

module.exports = {
  forbidden: [
    ...libLayers,
    ...driverRooms,
    ...accessOrder,
    rule(
      'gateway-holds-nothing',
      'The gateway holds no key and no store: it knows messages and their transport.',
      { path: '^services/api-gateway/', pathNot: spec },
      { path: '^libs/', pathNot: roomsOf(wire) },
    ),
    rule(
      'service-layers',
      'A service imports the ports, never the engine behind them.',
      { path: '^services/(access|secrets-command|secrets-query|audit-relay)/', pathNot: spec },
      { path: '^libs/', pathNot: roomsOf([...wire, ...stores]) },
    ),
    rule(
      'move-opens-nothing',
      'The move copies what the ports hold, keys as they are wrapped: it reaches no cipher and sends no message.',
      { path: '^services/move/', pathNot: spec },
      {
        path: '^libs/',
        pathNot: roomsOf(['kernel', 'event-store', 'read-store', 'key-store', 'host', 'process']),
      },
    ),
    rule(
      'services-apart',
      'Services talk through messages; standalone alone imports their modules.',
      { path: '^services/([^/]+)/', pathNot: '^services/standalone/' },
      { path: '^services/', pathNot: '^services/$1/' },
    ),
    rule(
      'pure-deciders',
      'Deciders and events import kernel, events and other deciders: no Nest, no node:, no npm.',
      { path: '\\.decider\\.ts$|^libs/events/src/', pathNot: spec },
      { pathNot: '^libs/(kernel|events)/|\\.decider\\.ts$' },
    ),
    rule(
      'lib-entry',
      'A lib is entered through its src/index.ts; specs may also take its contract suites.',
      { path: '^(?:libs/([^/]+)|services|test|bench)/', pathNot: spec },
      { path: '^libs/', pathNot: '^libs/(?:$1/|[^/]+/src/index\\.ts$)' },
    ),
    rule(
      'lib-entry-from-specs',
      'A lib is entered through its src/index.ts; specs may also take its contract suites.',
      { path: '^(?:libs/([^/]+)|services|test|bench)/.*\\.(spec|contract)\\.ts$' },
      { path: '^libs/', pathNot: '^libs/(?:$1/|[^/]+/src/index\\.ts$)|\\.contract\\.ts$' },
    ),
    rule(
      'tests-stay-outside',
      'What ships imports no spec, no contract suite and nothing of libs/testing.',
      product,
      { path: spec },
    ),
    rule(
      'black-box-tests',
      'End-to-end tests see the server from outside: no service code.',
      { path: '^test/(e2e|split)/' },
      { path: '^services/' },
    ),
    rule(
      'shipped-dependencies',
      'What ships imports packages that package.json lists under dependencies.',
      product,
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    ),
    rule('no-cycle', 'A cycle has no first file to read.', {}, { circular: true }),
    rule(
      'no-dead-file',
      'A file that no process reaches is deleted.',
      { path: started },
      { path: '^(libs|services)/.*\\.ts$', pathNot: [spec, started], reachable: false },
    ),
    rule('resolvable', 'Every import leads somewhere.', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default', 'types'],
    },
  },
};
