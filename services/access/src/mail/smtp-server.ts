import { isLoopback, Redacted } from '#libs/kernel';

/** The mail server of the installation, as SMTP_URL names it. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /**
   * `implicit`: TLS from the first byte. `starttls`: TLS before anything else is sent. `none`: on the loopback
   * interface only.
   */
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly login: { readonly user: string; readonly password: Redacted<string> } | null;
}

const DEFAULT_PORT = { 'smtp:': 587, 'smtps:': 465 };
const EXPECTED =
  'must be smtp://[user:password@]host[:port] or smtps://…, with what is special in user and password percent-encoded';

/**
 * Reads SMTP_URL. Throws an Error that says what is expected but repeats nothing, because the URL may hold a password.
 */
export function smtpServer(text: string | undefined): SmtpServer | null {
  if (text === undefined) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !hasScheme(url) || !isBare(url)) throw new Error(EXPECTED);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? DEFAULT_PORT[url.protocol] : Number(url.port);
  const unlessImplicit = isLoopback(host) ? 'none' : 'starttls';
  return { host, port, tls: url.protocol === 'smtps:' ? 'implicit' : unlessImplicit, login: login(url) };
}

function hasScheme(url: URL): url is URL & { protocol: keyof typeof DEFAULT_PORT } {
  return url.protocol in DEFAULT_PORT;
}

/** Tells whether a URL has only parts that are used. Other parts, such as TLS options, would be ignored silently. */
function isBare({ hostname, pathname, search, hash }: URL): boolean {
  return hostname !== '' && (pathname === '' || pathname === '/') && search === '' && hash === '';
}

function login({ username, password }: URL): SmtpServer['login'] {
  if (username === '' && password === '') return null;
  if (username === '' || password === '') throw new Error(EXPECTED);
  try {
    return { user: decodeURIComponent(username), password: new Redacted(decodeURIComponent(password)) };
  } catch {
    throw new Error(EXPECTED);
  }
}

/** `address` or `name <address>`, for sender and recipient. It allows no list, no comment and no line end. */
const MAILBOX = /^(?:([^<>"\r\n]{1,100}) <([^<>]+)>|([^<>]+))$/;
const ADDRESS = /^[^\s@<>()[\]\\,;:"]{1,64}@[^\s@<>()[\]\\,;:"]{1,190}$/;

export interface Mailbox {
  readonly name: string;
  readonly address: string;
}

/** Reads MAIL_FROM, or the address of a recipient; null for anything but one mailbox. */
export function mailbox(text: string): Mailbox | null {
  const match = MAILBOX.exec(text);
  const address = match?.[2] ?? match?.[3] ?? '';
  return ADDRESS.test(address) ? { name: match?.[1] ?? '', address } : null;
}
