import { readServiceConfig } from '#libs/host';
import {
  configInvalid,
  flag,
  integer,
  optionalText,
  readEnv,
  readTogether,
  redacted,
  text,
} from '#libs/kernel';
import { publicUrl } from '#libs/process';
import { mailbox, smtpServer, type Mailbox } from './mail/smtp-server';
import { domains, issuerUrl, signingAlgorithm, toOidcSettings } from './oidc/oidc-settings';

/** Settings of the access service. */
export type AccessConfig = ReturnType<typeof readAccessConfig>;

const accessSettings = {
  API_KEYS_PER_ORGANIZATION_MAX: integer(1_000, 1, 10_000),
  FIRST_ORGANIZATION_NAME: text('My organization'),
  MEMBERS_PER_ORGANIZATION_MAX: integer(1_000, 1, 10_000),
  OPEN_SIGN_UP: flag(),
  ORGANIZATIONS_PER_USER_MAX: integer(100, 1, 1_000),
  PUBLIC_URL: publicUrl,
  RECOVERY_DAYS: integer(7, 0, 365),
};

export function readAccessConfig(env = process.env) {
  const { settings, mail, oidc } = readTogether({
    settings: () => readEnv(env, accessSettings),
    mail: () => readMail(env),
    oidc: () => readOidc(env),
  });
  return {
    /** Name of the organization that the first start makes. */
    firstOrganizationName: settings.FIRST_ORGANIZATION_NAME,
    /** The URL at which clients reach the gateway, for links and examples; null when the operator has not set it. */
    publicUrl: settings.PUBLIC_URL,
    /** Whether anybody may sign up without an invitation. */
    openSignUp: settings.OPEN_SIGN_UP,
    /** The recovery window of an organization that has not chosen one. The command service reads the same setting. */
    recoveryDays: settings.RECOVERY_DAYS,
    apiKeysPerOrganizationMax: settings.API_KEYS_PER_ORGANIZATION_MAX,
    membersPerOrganizationMax: settings.MEMBERS_PER_ORGANIZATION_MAX,
    organizationsPerUserMax: settings.ORGANIZATIONS_PER_USER_MAX,
    /** The mail server and the sender of invitations; null when no mail is sent. */
    mail,
    /** The company's OpenID Connect provider; null when there is none. */
    oidc,
  };
}

function readOidc(env: NodeJS.ProcessEnv) {
  const settings = readEnv(env, {
    OIDC_CLIENT_ID: optionalText(),
    OIDC_CLIENT_SECRET: redacted(),
    OIDC_CLIENT_SECRET_FILE: optionalText(),
    OIDC_ISSUER: issuerUrl,
    OIDC_SIGNING_ALGORITHM: signingAlgorithm,
    OIDC_SIGN_UP_DOMAINS: domains,
    PUBLIC_URL: publicUrl,
  });
  return toOidcSettings(settings, settings.PUBLIC_URL);
}

function readMail(env: NodeJS.ProcessEnv) {
  const settings = readEnv(env, { MAIL_FROM: optionalText(), SMTP_URL: smtpServer });
  const { MAIL_FROM: sender, SMTP_URL: server } = settings;
  if (server === null && sender === undefined) return null;
  const from: Mailbox | null = mailbox(sender ?? '');
  if (server !== null && from !== null) return { server, from };
  throw configInvalid(
    'MAIL_FROM',
    'and SMTP_URL must be set both, or neither; MAIL_FROM is one address, or name <address>',
  );
}

/** Settings of the process, for a service that runs in a process of its own. */
export function readAccessHostConfig(env = process.env) {
  return readServiceConfig(env, 7101);
}
