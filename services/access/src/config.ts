import { storeSettings, toStoresConfig } from '#libs/host';
import { configInvalid, integer, oneOf, optionalText, readEnv, text } from '#libs/kernel';
import { address, peerSettings, processSettings, publicUrl, readIdentity } from '#libs/process';
import { mailbox, smtpServer, type Mailbox, type SmtpServer } from './mail/smtp-server';
import {
  clientSecret,
  clientText,
  domains,
  issuerUrl,
  signingAlgorithm,
  toOidcSettings,
} from './oidc/oidc-settings';

/** Settings of the access service. */
export type AccessConfig = ReturnType<typeof readAccessConfig>;

export function readAccessConfig(env = process.env) {
  const settings = readEnv(env, {
    API_KEYS_PER_ORGANIZATION_MAX: integer(1_000, 1, 10_000),
    FIRST_ORGANIZATION_NAME: text('My organization'),
    MAIL_FROM: optionalText(),
    MEMBERS_PER_ORGANIZATION_MAX: integer(1_000, 1, 10_000),
    OIDC_CLIENT_ID: clientText,
    OIDC_CLIENT_SECRET: clientSecret,
    OIDC_CLIENT_SECRET_FILE: clientText,
    OIDC_ISSUER: issuerUrl,
    OIDC_SIGNING_ALGORITHM: signingAlgorithm,
    OIDC_SIGN_UP_DOMAINS: domains,
    OPEN_SIGN_UP: oneOf('false', ['false', 'true']),
    ORGANIZATIONS_PER_USER_MAX: integer(100, 1, 1_000),
    PUBLIC_URL: publicUrl,
    RECOVERY_DAYS: integer(7, 0, 365),
    SMTP_URL: smtpServer,
  });
  return {
    /** Name of the organization that the first start makes. */
    firstOrganizationName: settings.FIRST_ORGANIZATION_NAME,
    /** Where clients reach the gateway, for links and examples; null when the operator has not said. */
    publicUrl: settings.PUBLIC_URL,
    /** Whether anybody may sign up, without an invitation. */
    openSignUp: settings.OPEN_SIGN_UP === 'true',
    /** What an organization shows that has not chosen; the command service goes by the same setting. */
    recoveryDays: settings.RECOVERY_DAYS,
    apiKeysPerOrganizationMax: settings.API_KEYS_PER_ORGANIZATION_MAX,
    membersPerOrganizationMax: settings.MEMBERS_PER_ORGANIZATION_MAX,
    organizationsPerUserMax: settings.ORGANIZATIONS_PER_USER_MAX,
    /** How invitations are mailed; null when they are not. */
    mail: mailSettings(settings.SMTP_URL, settings.MAIL_FROM),
    /** The company's provider for signing in; null when there is none. */
    oidc: toOidcSettings(settings, settings.PUBLIC_URL),
  };
}

function mailSettings(server: SmtpServer | null, sender: string | undefined) {
  if (server === null && sender === undefined) return null;
  const from: Mailbox | null = mailbox(sender ?? '');
  if (server !== null && from !== null) return { server, from };
  throw configInvalid(
    'MAIL_FROM',
    'and SMTP_URL must be set both, or neither; MAIL_FROM is one address, or name <address>',
  );
}

/** Settings of the process, when this service is one of its own. */
export function readAccessHostConfig(env = process.env) {
  const listen = { LISTEN: address('tcp://127.0.0.1:7101') };
  const settings = readEnv(env, { ...processSettings, ...peerSettings, ...storeSettings, ...listen });
  return {
    logLevel: settings.LOG_LEVEL,
    healthFile: settings.HEALTH_FILE,
    stores: toStoresConfig(settings),
    listen: settings.LISTEN,
    identity: readIdentity(settings),
  };
}
