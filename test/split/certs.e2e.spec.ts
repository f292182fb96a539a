import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { newDataDir } from '../e2e/running-server';

jest.setTimeout(180_000);

const SERVICES = ['api-gateway', 'access', 'secrets-command', 'secrets-query'];
const ALL = [...SERVICES, 'https', 'event-store', 'mongodb'];

describe('npm run certs', () => {
  let folder: string;
  const run = (...options: string[]) => {
    const script = path.join(__dirname, '../../scripts/certs.mjs');
    const args = [script, '--dir', folder, ...options];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    const named = (word: string) =>
      [...stdout.matchAll(new RegExp(`^${word} +(.+)$`, 'gm'))].map(([, name = '']) => name);
    return { status, stdout, stderr, made: named('made'), kept: named('kept') };
  };
  const file = (name: string) => path.join(folder, name);
  const certificate = (name: string) => new X509Certificate(readFileSync(file(`${name}.crt`)));

  beforeEach(() => (folder = newDataDir()));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('makes an authority and what it vouches for, each with its own key and its own name', () => {
    const { status, made, stdout } = run();
    expect([status, made]).toEqual([0, ['ca', ...ALL]]);
    expect(stdout).toMatch(/Next: .*SERVICE_CERT_FILE.*npm run start:access.*docker compose/s);
    const authority = certificate('ca');
    expect([authority.ca, authority.checkIssued(authority)]).toEqual([true, true]);
    for (const name of ALL) {
      const issued = certificate(name);
      expect([issued.ca, issued.checkIssued(authority), issued.verify(authority.publicKey)]).toEqual([
        false,
        true,
        true,
      ]);
      expect(issued.checkPrivateKey(createPrivateKey(readFileSync(file(`${name}.key`))))).toBe(true);
      const days = (new Date(issued.validTo).getTime() - Date.now()) / 86_400_000;
      expect(Math.round(days)).toBe(365);
    }
    for (const name of SERVICES) {
      expect(certificate(name).subject).toBe(`CN=${name}`);
      expect(certificate(name).subjectAltName).toBe(`DNS:${name}`);
    }
    const keys = ['ca', ...ALL].map((name) => readFileSync(file(`${name}.key`), 'utf8'));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('lets nobody but the owner read a key', () => {
    run();
    const modeOf = (name: string) => (statSync(file(name)).mode & 0o777).toString(8);
    expect(modeOf('.')).toBe('700');
    for (const name of [...['ca', ...ALL].map((one) => `${one}.key`), 'mongodb.pem'])
      expect([name, modeOf(name)]).toEqual([name, '600']);
  });

  it('keeps what is valid, and makes anew what is not', () => {
    run();
    const before = readFileSync(file('access.crt'), 'utf8');
    expect(run()).toMatchObject({ status: 0, made: [], kept: ['ca', ...ALL] });
    expect(readFileSync(file('access.crt'), 'utf8')).toBe(before);

    rmSync(file('access.key'));
    cpSync(file('mongodb.key'), file('secrets-query.key'));
    expect(run()).toMatchObject({ status: 0, made: ['access', 'secrets-query'] });

    expect(run('--host', 'vault.example.com', '--host', '10.0.0.7')).toMatchObject({ made: ['https'] });
    expect(certificate('https').subjectAltName).toBe(
      'DNS:localhost, IP Address:127.0.0.1, DNS:vault.example.com, IP Address:10.0.0.7',
    );
    expect(run()).toMatchObject({ made: [] });
  });

  it('keeps the names that clients know when it renews, and adds others', () => {
    run('--host', 'vault.example.com', '--host', '2001:db8::7');
    expect(run('--host', '2001:DB8:0::7')).toMatchObject({ made: [] });
    rmSync(file('https.key'));
    expect(run('--host', 'vault2.example.com')).toMatchObject({ made: ['https'] });
    expect(run('--force')).toMatchObject({ made: ['ca', ...ALL] });
    for (const name of ['vault.example.com', 'vault2.example.com'])
      expect(certificate('https').checkHost(name)).toBe(name);
    expect(certificate('https').checkIP('2001:db8::7')).toBe('2001:db8::7');
  });

  it('never touches a certificate of another authority', () => {
    run();
    const pair = ['-keyout', file('https.key'), '-out', file('https.crt'), '-subj', '/CN=vault.example.com'];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...pair], {
      stdio: 'ignore',
    });
    const before = ['https.key', 'https.crt'].map((name) => readFileSync(file(name), 'utf8'));
    for (const options of [[], ['--host', 'vault.example.com'], ['--force']])
      expect(run(...options)).toMatchObject({
        status: 0,
        kept: expect.arrayContaining(['https (not ours)']) as string[],
      });
    expect(['https.key', 'https.crt'].map((name) => readFileSync(file(name), 'utf8'))).toEqual(before);
  });

  it('makes everything anew for another authority, and with --force', () => {
    run();
    const [authority, access] = [certificate('ca').fingerprint256, certificate('access').fingerprint256];
    expect(run('--force')).toMatchObject({ status: 0, made: ['ca', ...ALL], kept: [] });
    expect(certificate('ca').fingerprint256).not.toBe(authority);
    expect(certificate('access').fingerprint256).not.toBe(access);
    rmSync(file('ca.crt'));
    expect(run()).toMatchObject({ status: 0, made: ['ca', ...ALL], kept: [] });
  });

  it('says what is missing when the key of the authority is kept elsewhere', () => {
    run();
    rmSync(file('ca.key'));
    expect(run()).toMatchObject({ status: 0, made: [] });
    rmSync(file('access.crt'));
    const { status, stderr } = run();
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^[^\n]*ca\.key is missing: put it back, or make a new authority with --force\.\n$/,
    );
  });

  it('explains itself, and refuses what it does not know', () => {
    expect(run('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^Usage: npm run certs/) as string,
    });
    for (const wrong of [
      ['--nonsense'],
      ['--host', 'https://vault.example.com'],
      ['--host', '10.0.0.7:443'],
    ]) {
      const { status, stderr } = run(...wrong);
      expect([status, stderr]).toEqual([
        2,
        expect.stringMatching(/^[^\n]+\. npm run certs -- --help explains\.\n$/),
      ]);
    }
    expect(() => statSync(file('ca.crt'))).toThrow();
    writeFileSync(file('ca.crt'), 'nonsense');
    expect(run()).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^\S+ca\.crt is not a certificate: .+\.\n$/) as string,
    });
    const { status, stderr } = run('--dir', file('ca.crt'));
    expect([status, stderr]).toEqual([1, `${file('ca.crt')} is a file, not a folder.\n`]);
  });
});
