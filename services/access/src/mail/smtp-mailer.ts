import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createTransport, type Transporter } from 'nodemailer';
import { errorFields, type Logger } from '#libs/observability';
import { invitationText } from './invitation-text';
import type { InvitationMail, Mailer } from './mailer';
import { mailbox, type Mailbox, type SmtpServer } from './smtp-server';

/** How long an invitation's answer waits for the mail server. The sending itself may take longer. */
const ANSWER_MS_MAX = 2_000;
const CONNECT_MS_MAX = 5_000;
/** Some servers delay their greeting to unknown clients. */
const GREETING_MS_MAX = 15_000;
const SILENCE_MS_MAX = 15_000;
const RETRY_AFTER_MS = 1_000;
const SENDING_MAX = 20;
/** From this SMTP status on, a failure is permanent. */
const PERMANENT = 500;

interface SmtpMailerOptions {
  readonly server: SmtpServer;
  readonly from: Mailbox;
  readonly logger: Logger;
}

/** Sends plain text by SMTP, and tries once more after a temporary failure. Log lines hold no address and no link. */
export class SmtpMailer implements Mailer {
  readonly #transport: Transporter;
  readonly #from: Mailbox;
  readonly #logger: Logger;
  #sending = 0;

  constructor({ server, from, logger }: SmtpMailerOptions) {
    this.#from = from;
    this.#logger = logger;
    this.#transport = createTransport({
      host: server.host,
      port: server.port,
      secure: server.tls === 'implicit',
      requireTLS: server.tls === 'starttls',
      ignoreTLS: server.tls === 'none',
      tls: { minVersion: 'TLSv1.2' },
      ...(server.login && { auth: { user: server.login.user, pass: server.login.password.expose() } }),
      dnsTimeout: CONNECT_MS_MAX,
      connectionTimeout: CONNECT_MS_MAX,
      greetingTimeout: GREETING_MS_MAX,
      socketTimeout: SILENCE_MS_MAX,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  async invite(mail: InvitationMail): Promise<boolean> {
    const to = mailbox(mail.to);
    if (!to) return this.#refuse('no address that mail can be sent to');
    if (this.#sending >= SENDING_MAX) return this.#refuse('too many mails are being sent');
    const waiting = new AbortController();
    const late = delay(ANSWER_MS_MAX, false, { signal: waiting.signal }).catch(() => false);
    return Promise.race([this.#send(mail, to), late]).finally(() => waiting.abort());
  }

  #refuse(reason: string): boolean {
    this.#logger.warn('mail not sent', { reason });
    return false;
  }

  async #send(mail: InvitationMail, to: Mailbox): Promise<boolean> {
    this.#sending += 1;
    try {
      // Both attempts have the same id, so that a mailbox shows the mail once even if the first one did arrive.
      const messageId = `<${randomUUID()}@${this.#from.address.split('@')[1] ?? ''}>`;
      const message = { ...invitationText(mail), messageId, from: this.#from, to };
      await this.#attempt(message).catch(async (error: unknown) => {
        if (isPermanent(error)) throw error;
        await delay(RETRY_AFTER_MS);
        await this.#attempt(message);
      });
      return true;
    } catch (error) {
      this.#logger.warn('mail not sent', errorFields(error));
      return false;
    } finally {
      this.#sending -= 1;
    }
  }

  async #attempt(message: { from: Mailbox; to: Mailbox; subject: string; text: string }): Promise<void> {
    await this.#transport.sendMail({ ...message, headers: { 'Auto-Submitted': 'auto-generated' } });
  }
}

function isPermanent(error: unknown): boolean {
  const status = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : 0;
  return status >= PERMANENT;
}
