import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { SMTPServer } from 'smtp-server';
import { Api } from './api';
import { expectRefusedStart } from './expect-refused-start';
import { organizationOf } from './organization-api';
import { newDataDir, Server } from './server';

jest.setTimeout(60_000);

const PASSWORD = 'hunter2/canary';

interface Invitation {
  readonly email: string;
  readonly accept_link: string;
  readonly mailed: boolean;
}

describe('invitations by mail', () => {
  let files: string;
  let certificate: { cert: Buffer; key: Buffer };
  let mails: { readonly to: readonly string[]; readonly raw: string }[];
  let post: SMTPServer;
  let env: Record<string, string>;
  let server: Server | undefined;

  beforeAll(() => {
    files = newDataDir();
    const [cert, key] = [path.join(files, 'mail.pem'), path.join(files, 'mail.key')];
    const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
    execFileSync('openssl', ['req', '-x509', ...kind, ...name, '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    certificate = { cert: readFileSync(cert), key: readFileSync(key) };
  });
  afterAll(() => rmSync(files, { recursive: true }));

  beforeEach(async () => {
    mails = [];
    post = new SMTPServer({
      ...certificate,
      secure: true,
      disableReverseLookup: true,
      onAuth({ username, password }, _session, done) {
        const isRight = username === 'vault' && password === PASSWORD;
        done(isRight ? null : new Error('Wrong'), isRight ? { user: username } : undefined);
      },
      onData(stream, session, done) {
        let raw = '';
        stream.setEncoding('utf8').on('data', (text: string) => (raw += text));
        stream.on('end', () => {
          mails.push({ raw, to: session.envelope.rcptTo.map(({ address }) => address) });
          done();
        });
      },
    });
    post.on('error', () => undefined);
    post.listen(0, '127.0.0.1');
    await once(post.server, 'listening');
    const { port } = post.server.address() as AddressInfo;
    env = {
      SMTP_URL: `smtps://vault:${encodeURIComponent(PASSWORD)}@localhost:${port}`,
      MAIL_FROM: 'Vault <vault@example.org>',
      NODE_EXTRA_CA_CERTS: path.join(files, 'mail.pem'),
      PUBLIC_URL: 'https://vault.example',
    };
  });
  afterEach(async () => {
    await server?.discard();
    server = undefined;
    await new Promise<void>((resolve) => post.close(() => resolve()));
  });

  async function invite(settings: Record<string, string>, headers: Record<string, string> = {}) {
    server ??= await Server.start({ env: settings });
    const api = Api.of(server);
    const route = `organizations/${await organizationOf(api)}/members/invite`;
    const body = { email: 'ada@example.com', role: 'member' };
    return api.call<{ data: Invitation }>('POST', route, { body, headers });
  }

  it('carry the link that the answer shows, over TLS, and neither is logged', async () => {
    const answer = await invite(env);
    expect(answer.status).toBe(201);
    const { accept_link: link, ...data } = answer.body.data;
    expect(data).toMatchObject({ email: 'ada@example.com', mailed: true });
    expect(mails).toHaveLength(1);
    expect(mails[0]?.to).toEqual(['ada@example.com']);
    const text = (mails[0]?.raw ?? '').replaceAll('=\r\n', '').replaceAll('=3D', '=');
    expect(link).toMatch(/^https:\/\/vault\.example\/accept-invitation#token=\S{20,}$/);
    expect(text).toContain(`\r\n${link}\r\n`);
    for (const secret of [link.split('#')[1] ?? '', 'ada@example.com', PASSWORD, 'hunter2'])
      expect(server?.logs).not.toContain(secret);
  });

  it('are sent once for a request that is repeated', async () => {
    const headers = { 'idempotency-key': 'invite-ada' };
    const [first, again] = [await invite(env, headers), await invite(env, headers)];
    expect([first.status, first.body.data.mailed]).toEqual([201, true]);
    expect(again.text).toBe(first.text);
    expect(mails).toHaveLength(1);
  });

  it('fail without failing the invitation, which says so', async () => {
    await new Promise<void>((resolve) => post.close(() => resolve()));
    const started = performance.now();
    const answer = await invite(env);
    expect(performance.now() - started).toBeLessThan(15_000);
    expect(answer.status).toBe(201);
    expect(answer.body.data).toMatchObject({ mailed: false });
    expect(answer.body.data.accept_link).toMatch(/^https:/);
  });

  it('are not sent to a mail server whose certificate nobody vouches for', async () => {
    const { NODE_EXTRA_CA_CERTS: _, ...rest } = env;
    const answer = await invite(rest);
    expect([answer.status, answer.body.data.mailed]).toEqual([201, false]);
    expect(mails).toEqual([]);
  });

  it('are not sent when no mail server is set', async () => {
    const answer = await invite({});
    expect([answer.status, answer.body.data.mailed]).toEqual([201, false]);
    expect(answer.body.data.accept_link).toContain('/accept-invitation#token=');
  });

  it.each<[string, Record<string, string>]>([
    ['SMTP_URL', { SMTP_URL: `http://vault:${PASSWORD}@mail.example`, MAIL_FROM: 'vault@example.org' }],
    ['MAIL_FROM', { SMTP_URL: 'smtps://vault:hunter2@mail.example' }],
    ['MAIL_FROM', { MAIL_FROM: 'vault@example.org' }],
    ['MAIL_FROM', { SMTP_URL: 'smtps://mail.example', MAIL_FROM: 'a@example.org, b@example.org' }],
  ])('are refused at the start with a wrong %s', async (name, settings) => {
    const dataDir = newDataDir();
    const refusal = await Server.startRefused({ dataDir, env: settings });
    expectRefusedStart(refusal, new RegExp(name));
    expect(refusal.output).not.toContain('hunter2');
    rmSync(dataDir, { recursive: true });
  });
});
