import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseEnv, promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { parse } from 'yaml';
import { storeOwners, storeSettings, toStoresConfig } from '#libs/host';
import { readEnv } from '#libs/kernel';
import { composeCheck } from '../../scripts/engines/index.cjs';
import { read, root } from './tracked-files';

interface Service {
  readonly image: string;
  readonly build?: { readonly target: string };
  readonly profiles: readonly string[];
  readonly user: string;
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly security_opt: readonly string[];
  readonly restart: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly env_file?: readonly string[];
  readonly networks: readonly string[];
  readonly ports?: readonly string[];
  readonly secrets?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly volumes?: readonly string[];
  readonly tmpfs: readonly string[];
  readonly healthcheck: { readonly test: readonly string[] };
  readonly deploy: {
    readonly resources: { readonly limits: { cpus: string; memory: string; pids: number } };
  };
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** As `createUser` of MongoDB takes it. */
interface Login {
  readonly user: string;
  readonly pwd: string;
  readonly roles: readonly { readonly role: string; readonly db: string }[];
}

const text = read('docker-compose.yml');
const { services, networks, secrets } = parse(text, { merge: true }) as Compose;
const dockerfile = read('Dockerfile');
const named = Object.entries(services);
const run = promisify(execFile);

/** The files that the compose file refers to, in a folder of their own, made as docs/deploy.md says. */
function project(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'hklst-compose-'));
  for (const file of ['docker-compose.yml', 'Dockerfile'])
    cpSync(path.join(root, file), path.join(folder, file));
  for (const script of ['certs', 'secrets'])
    execFileSync(process.execPath, [path.join(root, 'scripts', `${script}.mjs`)], { cwd: folder });
  return folder;
}

describe('docker-compose.yml', () => {
  it.each(named)('runs %s hardened, limited and watched', (_, service) => {
    expect(service).toMatchObject({
      user: '1000:1000',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      restart: 'unless-stopped',
      deploy: { resources: { limits: { cpus: expect.stringMatching(/^\d+\.\d$/) as string } } },
    });
    expect(service.deploy.resources.limits.memory).toMatch(/^\d+[MG]$/);
    expect(service.deploy.resources.limits.pids).toBeGreaterThan(0);
    expect(service.healthcheck.test[0]).toMatch(/^CMD(-SHELL)?$/);
    expect(service.tmpfs.length).toBeGreaterThan(0);
    expect(service).not.toHaveProperty('privileged');
    expect(service).not.toHaveProperty('cap_add');
  });

  it('pins every image by its whole version, in the Dockerfile as well', () => {
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image ?? '');
    const images = [...named.map(([, { image }]) => image), ...bases];
    expect(bases.length).toBeGreaterThan(0);
    for (const image of images) expect(image).toMatch(/^[a-z/-]+:\d+\.\d+\.\d+(-[a-z-]+)?$/);
  });

  it('puts into the image, and lets into its build, every file that the code reads by name', () => {
    const { imports } = JSON.parse(read('package.json')) as { imports: Record<string, string> };
    const files = Object.values(imports).map((target) => target.replace(/^\.\//, '').replace(/\/\*.*$/, ''));
    const copied = [...dockerfile.matchAll(/^COPY --from=build \/app\/(\S+) (\S+)$/gm)].map(
      ([, from]) => from,
    );
    const letIn =
      read('.dockerignore')
        .match(/^!.+$/gm)
        ?.map((line) => line.slice(1)) ?? [];
    const isIn = (folders: readonly (string | undefined)[], file: string) =>
      folders.some((folder) => file === folder || file.startsWith(`${String(folder)}/`));
    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((file) => !isIn(copied, file))).toEqual([]);
    expect(files.filter((file) => !file.startsWith('dist') && !isIn(letIn, file))).toEqual([]);
  });

  it('has all services in one profile, and the one process in another', () => {
    const inProfile = (profile: string) =>
      named.filter(([, { profiles }]) => profiles.includes(profile)).map(([name]) => name);
    expect(inProfile('single')).toEqual(['standalone']);
    const ours = ['access', 'api-gateway', 'audit-relay', 'secrets-command', 'secrets-query'];
    expect(inProfile('split').sort()).toEqual([...ours, 'event-store', 'kafka', 'mongodb'].sort());
    expect(named.every(([, { profiles }]) => profiles.length === 1)).toBe(true);
    for (const name of ours) expect(services[name]?.command).toEqual([`dist/${name}.js`]);
  });

  it('keeps everything but what faces clients off the outer network, and publishes nothing else', () => {
    expect(networks['back']).toEqual({ internal: true });
    const outside = named.filter(([, service]) => service.networks.includes('front') || service.ports);
    expect(outside.map(([name]) => name).sort()).toEqual(['api-gateway', 'standalone']);
    for (const [, { ports }] of outside)
      expect(ports).toEqual([expect.stringMatching(/^\$\{HKLST_ADDRESS:-127\.0\.0\.1\}:/)]);
  });

  it('gives no secret, and no default for one', () => {
    // Every key or password comes from a file that is made on the spot.
    expect(Object.values(secrets).every(({ file }) => /^(certs|secrets)\//.test(file))).toBe(true);
    expect(read('.gitignore')).toMatch(/^\/certs\n\/secrets$/m);
    for (const [, { environment = {} }] of named)
      for (const name of Object.keys(environment).filter((key) => /PASSWORD|SECRET|KEY/.test(key)))
        expect([name, environment[name]]).toEqual([
          name,
          expect.stringMatching(/^(\/run\/secrets\/|\/etc\/hklst\/|\$\{SECRETS_\w+_URL:-tcp:)/),
        ]);
  });

  it('gives each process the secrets that it needs, and the root key to none that needs none', () => {
    const sourceOf = (secret: NonNullable<Service['secrets']>[number]) =>
      typeof secret === 'string' ? secret : secret.source;
    const holders = named.filter(([, service]) => (service.secrets ?? []).map(sourceOf).includes('root.key'));
    expect(holders.map(([name]) => name).sort()).toEqual([
      'access',
      'secrets-command',
      'secrets-query',
      'standalone',
    ]);
    const keyStore = named.filter(([, { env_file = [] }]) => env_file.includes('secrets/keys.env'));
    expect(keyStore.map(([name]) => name).sort()).toEqual(['access', 'secrets-command', 'secrets-query']);
    const administered = named.filter(([, { env_file = [] }]) => env_file.includes('secrets/mongodb.env'));
    expect(administered.map(([name]) => name)).toEqual(['mongodb']);
    for (const [name, service] of named) {
      const given = (service.secrets ?? []).map(sourceOf);
      expect(given.filter((secret) => !(secret in secrets))).toEqual([]);
      expect(given).not.toContain('ca.key');
      const identity = Object.values(service.environment ?? {}).filter((value) =>
        /^\/run\/secrets\//.test(String(value)),
      );
      for (const file of identity)
        expect([name, given]).toEqual([name, expect.arrayContaining([path.basename(String(file))])]);
    }
  });

  it('asks for health as the image does', () => {
    const [, image] = /^HEALTHCHECK [^[]*CMD (\[[^\]]+\])$/m.exec(dockerfile) ?? [];
    expect(services['access']?.healthcheck.test).toEqual(['CMD', ...(JSON.parse(image ?? '[]') as string[])]);
    expect(dockerfile).toMatch(/HEALTH_FILE=\/tmp\/health/);
  });
});

describe('what docker-compose.yml refers to (one test needs node scripts/engines/engines.mjs install-compose)', () => {
  let folder: string;
  beforeAll(() => (folder = project()));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is made by the documented steps, for the eyes of its owner alone', () => {
    const files = [
      ...Object.values(secrets).map(({ file }) => file),
      ...named.flatMap(([, { env_file = [] }]) => env_file),
    ];
    for (const file of new Set(files)) {
      expect([file, readFileSync(path.join(folder, file), 'utf8').length > 0]).toEqual([file, true]);
      const isPrivate = (statSync(path.join(folder, file)).mode & 0o077) === 0;
      expect([file, isPrivate]).toEqual([file, !file.endsWith('.crt')]);
    }
  });

  it('gives each store of MongoDB a login of its own, with rights on the databases of that store alone', () => {
    const variables = (file: string) => parseEnv(readFileSync(path.join(folder, 'secrets', file), 'utf8'));
    const administrator = variables('mongodb.env');
    const logins: Login[] = [];
    const admin = { createUser: (login: Login) => logins.push(login) };
    const db = { getSiblingDB: (name: string) => (name === 'admin' ? admin : undefined) };
    runInNewContext(read('scripts/mongodb-users.cjs'), { db, process: { env: administrator } });
    const granted = logins.flatMap(({ user, pwd, roles }) =>
      roles.map(({ role, db: database }) => ({ user, pwd, role, database })),
    );

    const given = { ...variables('stores.env'), ...variables('keys.env') };
    const stores = toStoresConfig(readEnv(given, storeSettings));
    const urls = [...storeOwners.map((owner) => stores.readStoreUrl(owner)), stores.keyStoreUrl];
    const needed = urls.map((url) => {
      const { username: user, password: pwd, pathname, searchParams } = new URL(url);
      expect(searchParams.get('authSource')).toBe('admin');
      return { user, pwd, role: 'readWrite', database: pathname.slice(1) };
    });
    expect(granted).toEqual(needed);
    const [ofReads, ofKeys, ...others] = new Set(granted.map(({ pwd }) => pwd));
    expect([ofReads, ofKeys, others]).toEqual([
      administrator['READ_STORE_PASSWORD'],
      administrator['KEY_STORE_PASSWORD'],
      [],
    ]);
    expect(JSON.stringify(given)).not.toContain(administrator['MONGO_INITDB_ROOT_PASSWORD']);
  });

  const validator = composeCheck();
  (validator ? it : it.skip)('is a compose file as docker compose reads it', async () => {
    const { stdout } = await run(validator ?? '', ['--format', 'json', 'docker-compose.yml'], {
      cwd: folder,
    });
    expect(Object.keys((JSON.parse(stdout) as Compose).services).sort()).toEqual(
      Object.keys(services).sort(),
    );
  });

  const hasDocker = spawnSync('docker', ['compose', 'version']).status === 0;
  // No skip: the test above reads the file with what is inside docker compose.
  if (hasDocker)
    it.each(['single', 'split'])('is taken by docker compose, profile %s', async (profile) => {
      const options = ['compose', '--file', 'docker-compose.yml', '--profile', profile, 'config', '--quiet'];
      await expect(run('docker', options, { cwd: folder })).resolves.toBeDefined();
    });
});
