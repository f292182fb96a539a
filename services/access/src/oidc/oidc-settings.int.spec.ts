import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { readAccessConfig } from '../config';

const given = {
  PUBLIC_URL: 'https://secrets.example.com/',
  OIDC_ISSUER: 'https://login.example.com',
  OIDC_CLIENT_ID: 'hklst',
  OIDC_CLIENT_SECRET: 'canary-secret',
};
const read = (env: NodeJS.ProcessEnv) => readAccessConfig({ ...given, ...env }).oidc;

describe('toOidcSettings', () => {
  it('is off unless it is set', () => {
    expect(readAccessConfig({}).oidc).toBeNull();
    expect(
      readAccessConfig({ PUBLIC_URL: given.PUBLIC_URL, OIDC_SIGNING_ALGORITHM: 'ES256' }).oidc,
    ).toBeNull();
  });

  it('pins what the operator has said, and lets nobody in by a domain unless one is listed', () => {
    const settings = read({});
    expect(settings).toMatchObject({
      clientId: 'hklst',
      signingAlgorithm: 'RS256',
      signUpDomains: [],
      redirectUri: 'https://secrets.example.com/oidc-callback',
    });
    expect(inspect(settings)).not.toContain('canary');
    expect(read({ OIDC_SIGN_UP_DOMAINS: ' Example.com, corp.example ' })?.signUpDomains).toEqual([
      'example.com',
      'corp.example',
    ]);
  });

  it('takes the secret from a file', () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'oidc-'));
    const file = path.join(directory, 'secret');
    writeFileSync(file, 'from the file\n');
    expect(read({ OIDC_CLIENT_SECRET: '', OIDC_CLIENT_SECRET_FILE: file })?.clientSecret.expose()).toBe(
      'from the file',
    );
    expect(() => read({ OIDC_CLIENT_SECRET_FILE: file })).toThrow('must not be set both');
    writeFileSync(file, '\n');
    expect(() => read({ OIDC_CLIENT_SECRET: '', OIDC_CLIENT_SECRET_FILE: file })).toThrow(
      'with the secret in it',
    );
    rmSync(directory, { recursive: true });
    expect(() => read({ OIDC_CLIENT_SECRET: '', OIDC_CLIENT_SECRET_FILE: file })).toThrow('readable file');
  });

  it.each([
    [{ OIDC_ISSUER: 'http://login.example.com' }, 'OIDC_ISSUER must be a URL'],
    [{ OIDC_ISSUER: 'https://login.example.com/?a=b' }, 'OIDC_ISSUER must be a URL'],
    [{ OIDC_ISSUER: 'https://user:secret@login.example.com' }, 'OIDC_ISSUER must be a URL'],
    [{ OIDC_ISSUER: 'nonsense' }, 'OIDC_ISSUER must be a URL'],
    [{ OIDC_ISSUER: '' }, 'OIDC_ISSUER must be set'],
    [{ OIDC_CLIENT_ID: '' }, 'OIDC_CLIENT_ID and OIDC_CLIENT_SECRET'],
    [{ OIDC_CLIENT_SECRET: '' }, 'OIDC_CLIENT_ID and OIDC_CLIENT_SECRET'],
    [{ PUBLIC_URL: '' }, 'PUBLIC_URL must be set'],
    [{ OIDC_SIGNING_ALGORITHM: 'none' }, 'OIDC_SIGNING_ALGORITHM must be one of'],
    [{ OIDC_SIGNING_ALGORITHM: 'HS256' }, 'OIDC_SIGNING_ALGORITHM must be one of'],
    [{ OIDC_SIGN_UP_DOMAINS: 'example.com,@evil' }, 'OIDC_SIGN_UP_DOMAINS must be a list'],
  ])('refuses %j', (env, sentence) => {
    expect(() => read(env)).toThrow(sentence);
    expect(() => read(env)).not.toThrow(/canary|user:secret/);
  });

  it('takes plain HTTP on this machine alone', () => {
    expect(read({ OIDC_ISSUER: 'http://127.0.0.1:9000' })?.issuer.href).toBe('http://127.0.0.1:9000/');
  });
});
