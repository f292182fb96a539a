import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Redacted } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import type { InvitationMail } from './mailer';
import { SmtpMailer } from './smtp-mailer';
import { smtpServer, type SmtpServer } from './smtp-server';

jest.setTimeout(30_000);

const token = 'inv-token-4711';
const invitation: InvitationMail = {
  to: 'ada@example.com',
  organization: 'Acme',
  link: new Redacted(`https://vault.example/accept-invitation#token=${token}${'x'.repeat(90)}`),
  expiresAt: '2026-11-30T10:00:00.000Z',
};

interface Taken {
  readonly recipients: readonly string[];
  readonly raw: string;
}

/** A real mail server on the loopback interface. */
class Post {
  readonly taken: Taken[] = [];
  connections = 0;
  server: SMTPServer | undefined;

  async start(options: SMTPServerOptions = {}): Promise<SmtpServer> {
    const { onConnect } = options;
    this.server = new SMTPServer({
      authOptional: true,
      disableReverseLookup: true,
      hideSTARTTLS: true,
      onData: (stream, session, done) => {
        let raw = '';
        stream.setEncoding('utf8').on('data', (text: string) => (raw += text));
        stream.on('end', () => {
          this.taken.push({ raw, recipients: session.envelope.rcptTo.map(({ address }) => address) });
          done();
        });
      },
      ...options,
      onConnect: (session, done) => {
        this.connections += 1;
        if (onConnect) onConnect.call(this.server as SMTPServer, session, done);
        else done();
      },
    });
    // A client that hangs up is no failure of the server.
    this.server.on('error', () => undefined);
    this.server.listen(0, '127.0.0.1');
    await once(this.server.server, 'listening');
    const { port } = this.server.server.address() as AddressInfo;
    return { host: '127.0.0.1', port, tls: 'none', login: null };
  }

  async stop(): Promise<void> {
    if (this.server) await new Promise<void>((resolve) => this.server?.close(() => resolve()));
  }
}

describe('SmtpMailer', () => {
  let post: Post;
  let lines: string[];

  beforeEach(() => {
    post = new Post();
    lines = [];
  });
  afterEach(async () => {
    await post.stop();
    const printed = lines.join('\n');
    for (const secret of [token, invitation.to, 'hunter2', 'localhost', '127.0.0.1'])
      expect(printed).not.toContain(secret);
  });

  const mailerOf = (server: SmtpServer) => {
    const own = lines;
    const destination = { write: (line: string) => own.push(line) };
    const logger = createLogger({ level: 'info', service: 'access', destination });
    return new SmtpMailer({ server, from: { name: 'Vault', address: 'vault@example.org' }, logger });
  };
  const timed = async (sending: Promise<boolean>) => {
    const started = performance.now();
    return { mailed: await sending, ms: performance.now() - started };
  };

  it('sends one plain text with the link in it', async () => {
    const mailer = mailerOf(await post.start());
    expect(await mailer.invite(invitation)).toBe(true);
    expect(post.taken).toHaveLength(1);
    const [{ recipients, raw } = { recipients: [], raw: '' }] = post.taken;
    expect(recipients).toEqual(['ada@example.com']);
    const { headers, body } = parsed(raw);
    expect(headers).toMatchObject({
      from: 'Vault <vault@example.org>',
      to: 'ada@example.com',
      subject: 'Invitation to Acme',
      'auto-submitted': 'auto-generated',
    });
    expect(headers['content-type']).toMatch(/^text\/plain; charset=utf-8/);
    expect(headers['message-id']).toMatch(/^<[0-9a-f-]{36}@example\.org>$/);
    expect(body).toContain('join the organization "Acme"');
    expect(body.split('\n')).toContain(invitation.link.expose());
    expect(body).toContain('until 30 November 2026, 10:00 UTC');
    expect(lines).toEqual([]);
  });

  it.each([
    ['with a header', 'Acme\r\nBcc: evil@example.com', 'Acme Bcc: evil@example.com'],
    ['with a body', 'Acme\nContent-Type: text/html\n\n<script>alert(1)</script>', null],
    ['with control characters', 'a\u2028b\u0085c\u0000d\u001b[31me\u202ef', 'a b c d [31me f'],
    ['with letters of all kinds', 'Ünïcode 🔑 & <b>Söhne</b>', 'Ünïcode 🔑 & <b>Söhne</b>'],
    ['with an encoded word', '=?utf-8?Q?evil?=', '= ?utf-8?Q?evil?='],
    ['without an end', 'x'.repeat(5_000), `${'x'.repeat(100)}…`],
    ['of pictures', '🔑'.repeat(200), `${'🔑'.repeat(100)}…`],
  ])('keeps a name %s on one line of text', async (_, organization, shown) => {
    const mailer = mailerOf(await post.start());
    expect(await mailer.invite({ ...invitation, organization })).toBe(true);
    const [{ recipients, raw } = { recipients: [], raw: '' }] = post.taken;
    expect(recipients).toEqual(['ada@example.com']);
    const { headers, body } = parsed(raw);
    const names = ['from', 'to', 'subject', 'message-id', 'date', 'mime-version', 'auto-submitted'];
    expect(Object.keys(headers).sort()).toEqual(
      [...names, 'content-type', 'content-transfer-encoding'].sort(),
    );
    expect(headers['content-type']).toMatch(/^text\/plain; charset=utf-8/);
    if (shown === null) return;
    expect(headers['subject']).toBe(`Invitation to ${shown}`);
    expect(body).toContain(`join the organization "${shown}".\n`);
  });

  it.each([
    ...['ada@example.com, eve@example.com', 'ada@example.com\r\nRCPT TO:<eve@example.com>', 'ada', ''],
    ...['ada@example.com>', '<ada@example.com', '"a b"@example.com', `ada@${'x'.repeat(200)}`, 'a@b@c'],
  ])('sends nothing to %j', async (to) => {
    const mailer = mailerOf(await post.start());
    expect(await mailer.invite({ ...invitation, to })).toBe(false);
    expect(post.connections).toBe(0);
    expect(lines.join()).toContain('no address that mail can be sent to');
  });

  it('gives up in time when there is no server', async () => {
    const server = await post.start();
    await post.stop();
    const { mailed, ms } = await timed(mailerOf(server).invite(invitation));
    expect(mailed).toBe(false);
    expect(ms).toBeLessThan(4_000);
    for (let wait = 0; lines.length === 0 && wait < 200; wait += 1) await delay(50);
    expect(lines.join()).toContain('mail not sent');
  });

  it('does not wait for a server that hesitates, whose mail arrives all the same', async () => {
    const server = await post.start({ onConnect: (_, done) => setTimeout(done, 3_000) });
    const { mailed, ms } = await timed(mailerOf(server).invite(invitation));
    expect(mailed).toBe(false);
    expect(ms).toBeLessThan(3_000);
    for (let wait = 0; post.taken.length === 0 && wait < 400; wait += 1) await delay(50);
    expect(post.taken).toHaveLength(1);
  });

  it('sends a bounded number of mails at once to a server that says nothing', async () => {
    const server = await post.start({ onConnect: () => undefined });
    const mailer = mailerOf(server);
    const sending = Array.from({ length: 25 }, () => mailer.invite(invitation));
    expect(await Promise.all(sending)).toEqual(sending.map(() => false));
    expect(post.connections).toBe(20);
    expect(lines.filter((line) => line.includes('too many mails'))).toHaveLength(5);
  });

  it('tries once more after a failure that may pass, with the same message id', async () => {
    const ids: (string | undefined)[] = [];
    const server = await post.start({
      onData(stream, _session, done) {
        let raw = '';
        stream.setEncoding('utf8').on('data', (text: string) => (raw += text));
        stream.on('end', () => {
          ids.push(parsed(raw).headers['message-id']);
          done(ids.length === 1 ? Object.assign(new Error('Try later'), { responseCode: 451 }) : null);
        });
      },
    });
    expect(await mailerOf(server).invite(invitation)).toBe(true);
    expect(ids).toHaveLength(2);
    expect(ids[0]).toBe(ids[1]);
    expect(lines).toEqual([]);
  });

  it('tries twice, not more', async () => {
    let attempts = 0;
    const refuse: SMTPServerOptions['onMailFrom'] = (_address, _session, done) => {
      attempts += 1;
      done(Object.assign(new Error('Try later'), { responseCode: 421 }));
    };
    const mailer = mailerOf(await post.start({ onMailFrom: refuse }));
    expect(await mailer.invite(invitation)).toBe(false);
    expect(attempts).toBe(2);
  });

  it('tries once when the server refuses the recipient, and says so to nobody else', async () => {
    let attempts = 0;
    const server = await post.start({
      onRcptTo({ address }, _session, done) {
        attempts += 1;
        done(Object.assign(new Error(`${address} is unknown here`), { responseCode: 550 }));
      },
    });
    expect(await mailerOf(server).invite(invitation)).toBe(false);
    expect([attempts, post.taken.length]).toEqual([1, 0]);
    expect(lines.join()).toContain('EENVELOPE');
  });

  it('logs in where it has to', async () => {
    const server = await post.start({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth({ username, password }, _session, done) {
        const isRight = username === 'vault' && password === 'hunter2';
        done(isRight ? null : new Error('Wrong'), isRight ? { user: 'vault' } : undefined);
      },
    });
    const login = (password: string) => ({ user: 'vault', password: new Redacted(password) });
    expect(await mailerOf({ ...server, login: login('hunter2') }).invite(invitation)).toBe(true);
    expect(await mailerOf({ ...server, login: login('wrong') }).invite(invitation)).toBe(false);
    expect(await mailerOf(server).invite(invitation)).toBe(false);
    expect(post.taken).toHaveLength(1);
  });

  it.each<[string, SmtpServer['tls'], SMTPServerOptions]>([
    ['that offers no TLS', 'starttls', { hideSTARTTLS: true }],
    ['whose certificate nobody vouches for', 'starttls', { hideSTARTTLS: false }],
    ['whose certificate nobody vouches for, from the first byte', 'implicit', { secure: true }],
  ])('says nothing to a server %s', async (_, tls, options) => {
    let heard = 0;
    const server = await post.start({ ...options, onMailFrom: () => (heard += 1) });
    expect(await mailerOf({ ...server, tls }).invite(invitation)).toBe(false);
    expect([heard, post.taken.length]).toEqual([0, 0]);
  });
});

describe('smtpServer', () => {
  it.each<[string, Partial<SmtpServer>]>([
    ['smtp://mail.example', { host: 'mail.example', port: 587, tls: 'starttls', login: null }],
    ['smtp://mail.example:2525/', { port: 2525, tls: 'starttls' }],
    ['smtps://mail.example', { port: 465, tls: 'implicit' }],
    ['smtp://localhost:1025', { host: 'localhost', port: 1025, tls: 'none' }],
    ['smtp://[::1]:25', { host: '::1', port: 25, tls: 'none' }],
    ['smtps://127.0.0.1', { host: '127.0.0.1', port: 465, tls: 'implicit' }],
  ])('reads %s', (url, expected) => {
    expect(smtpServer(url)).toMatchObject(expected);
  });

  it('reads user and password, percent-encoded', () => {
    const login = smtpServer('smtps://va%40ult:p%2Fw%3A%20@mail.example')?.login;
    expect([login?.user, login?.password.expose()]).toEqual(['va@ult', 'p/w: ']);
    expect(JSON.stringify(login)).not.toContain('p/w');
    expect(smtpServer(undefined)).toBeNull();
  });

  it.each([
    ...['mail.example', 'http://mail.example', 'smtp://', 'smtp:///x', 'smtp://hunter2@mail.example', ''],
    ...['smtp://mail.example/path', 'smtp://mail.example?tls.rejectUnauthorized=false', 'smtp://m#hunter2'],
    ...['smtp://u:hunter2%zz@mail.example', 'smtp://:hunter2@mail.example', 'smtp://mail.example:99999'],
  ])('refuses %j and does not repeat it', (url) => {
    expect(() => smtpServer(url)).toThrow(/^must be smtp:\/\/\[user:password@\]host/);
    expect(() => smtpServer(url)).not.toThrow(/hunter2/);
  });
});

/** Headers unfolded and decoded, and the body's text. */
function parsed(raw: string): { headers: Record<string, string>; body: string } {
  const end = raw.indexOf('\r\n\r\n');
  const headers = Object.fromEntries(
    raw
      .slice(0, end)
      .replaceAll(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line): [string, string] => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), decodedWords(line.slice(colon + 1).trim())];
      }),
  );
  const bytes = raw.slice(end + 4);
  const encoding = headers['content-transfer-encoding'];
  const text = encoding === 'base64' ? Buffer.from(bytes, 'base64').toString() : quotedPrintable(bytes);
  return { headers, body: (encoding === '7bit' ? bytes : text).replaceAll('\r\n', '\n') };
}

function decodedWords(text: string): string {
  return text
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([BQ])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toUpperCase() === 'B'
        ? Buffer.from(word, 'base64').toString('latin1')
        : word
            .replaceAll('_', ' ')
            .replaceAll(/=([0-9A-F]{2})/gi, (_hex, byte: string) =>
              String.fromCharCode(Number.parseInt(byte, 16)),
            ),
    )
    .replace(/^.*[\u0080-\u00ff].*$/s, (latin1) => Buffer.from(latin1, 'latin1').toString());
}

function quotedPrintable(text: string): string {
  const joined = text.replaceAll('=\r\n', '');
  const bytes = joined.replaceAll(/=([0-9A-F]{2})/gi, (_, byte: string) =>
    String.fromCharCode(Number.parseInt(byte, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}
