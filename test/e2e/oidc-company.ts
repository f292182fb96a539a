import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { freePort } from '../split/free-port';

/** The faults that the provider can be told to have; `none`: it behaves correctly. */
export type Lie =
  | ('none' | 'slow' | 'failing' | 'long' | 'published for another')
  | ('address in the token' | 'confirmed in words')
  | ('wrong nonce' | 'no nonce' | 'wrong audience' | 'wrong issuer' | 'expired token')
  | ('old proof' | 'no time of proof' | 'no signature' | 'shared secret as key' | "another's key");

const CLIENT_ID = 'hklst-of-the-company';
export const CLIENT_SECRET = 'canary-client-secret-of-the-company';

/** A company with an OpenID Connect provider: its process, and the settings of a server that trusts it. */
export class Company {
  #process: ChildProcess | undefined;

  private constructor(
    private readonly port: number,
    private readonly serverPort: number,
  ) {}

  static async found(): Promise<Company> {
    const company = new Company(await freePort(), await freePort());
    await company.open();
    return company;
  }

  get issuer(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get env(): Record<string, string> {
    return {
      PORT: String(this.serverPort),
      PUBLIC_URL: `http://127.0.0.1:${this.serverPort}`,
      OIDC_ISSUER: this.issuer,
      OIDC_CLIENT_ID: CLIENT_ID,
      OIDC_CLIENT_SECRET: CLIENT_SECRET,
      OIDC_SIGN_UP_DOMAINS: 'corp.example',
    };
  }

  async open(): Promise<void> {
    const redirectUri = `${this.env['PUBLIC_URL']}/oidc-callback`;
    this.#process = fork(
      path.join(__dirname, 'oidc-provider.mjs'),
      [String(this.port), CLIENT_ID, CLIENT_SECRET, redirectUri],
      // Without the environment of the test, whose loader hook is for our sources. `silent` hides the provider's
      // warnings.
      { env: { PATH: process.env['PATH'] ?? '' }, silent: true },
    );
    let printed = '';
    this.#process.stderr?.on('data', (text: Buffer) => (printed += text.toString()));
    const ended = once(this.#process, 'exit').then(() => Promise.reject(new Error(printed)));
    await Promise.race([once(this.#process, 'message'), ended]);
    ended.catch(() => undefined);
  }

  async close(): Promise<void> {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  }

  async tell(lie: Lie): Promise<void> {
    if (!this.#process) throw new Error('The provider does not run');
    const done = once(this.#process, 'message');
    this.#process.send(lie);
    await done;
  }
}
