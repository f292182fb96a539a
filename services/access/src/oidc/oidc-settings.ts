import { readFileSync } from 'node:fs';
import { configInvalid, isLoopback, list, oneOf, Redacted, type Setting } from '#libs/kernel';

/** The algorithms that a provider may be pinned to: none that shares a secret, and not `none`. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

/** The company's OpenID Connect provider, and what it takes us for. */
export interface OidcSettings {
  /** Whatever claims to come from another is refused. */
  readonly issuer: URL;
  /** What identity tokens must be made for. */
  readonly clientId: string;
  readonly clientSecret: Redacted<string>;
  /** What identity tokens must be signed with. */
  readonly signingAlgorithm: (typeof ALGORITHMS)[number];
  /** Whoever has a confirmed address in one of these needs no invitation; lower case. */
  readonly signUpDomains: readonly string[];
  /** Where the provider sends people back, exactly. */
  readonly redirectUri: string;
}

/** Parsers of the settings whose names begin with OIDC_. */
export const issuerUrl: Setting<URL | null> = (value) => {
  if (value === undefined) return null;
  const url = URL.canParse(value) ? new URL(value) : null;
  const isBare = url && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  if (!isBare || !isProtected(url)) throw new Error('must be a URL such as https://login.example.com');
  return url;
};
export const signingAlgorithm = oneOf('RS256', ALGORITHMS);

const DOMAIN = /^(?=.{1,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+$/;

const domainsInLowerCase = list('e-mail domains such as example.com', (entry) => DOMAIN.test(entry));
export const domains: Setting<string[]> = (value) => domainsInLowerCase(value?.toLowerCase());

interface Given {
  readonly OIDC_ISSUER: URL | null;
  readonly OIDC_CLIENT_ID: string | undefined;
  readonly OIDC_CLIENT_SECRET: Redacted<string> | undefined;
  readonly OIDC_CLIENT_SECRET_FILE: string | undefined;
  readonly OIDC_SIGNING_ALGORITHM: OidcSettings['signingAlgorithm'];
  readonly OIDC_SIGN_UP_DOMAINS: readonly string[];
}

/** Null without a provider. `publicUrl`: null when the operator has not said where people reach us. */
export function toOidcSettings(given: Given, publicUrl: string | null): OidcSettings | null {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_SIGN_UP_DOMAINS: signUpDomains } = given;
  const secret = readSecret(given);
  if (issuer === null) {
    if (clientId === undefined && secret === undefined && signUpDomains.length === 0) return null;
    throw configInvalid('OIDC_ISSUER', 'must be set with the other settings of the provider');
  }
  if (clientId === undefined || secret === undefined)
    throw configInvalid('OIDC_CLIENT_ID', 'and OIDC_CLIENT_SECRET or OIDC_CLIENT_SECRET_FILE must be set');
  if (publicUrl === null)
    throw configInvalid(
      'PUBLIC_URL',
      'must be set: the provider sends people back to PUBLIC_URL/oidc-callback',
    );
  return {
    ...{ issuer, clientId, clientSecret: secret, signUpDomains },
    signingAlgorithm: given.OIDC_SIGNING_ALGORITHM,
    redirectUri: `${publicUrl}/oidc-callback`,
  };
}

function readSecret({ OIDC_CLIENT_SECRET: text, OIDC_CLIENT_SECRET_FILE: file }: Given) {
  if (file === undefined) return text;
  if (text !== undefined)
    throw configInvalid('OIDC_CLIENT_SECRET', 'and OIDC_CLIENT_SECRET_FILE must not be set both');
  const secret = readTrimmed(file);
  if (secret === '') throw configInvalid('OIDC_CLIENT_SECRET_FILE', 'must name a file with the secret in it');
  return new Redacted(secret);
}

function readTrimmed(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw configInvalid('OIDC_CLIENT_SECRET_FILE', 'must name a readable file', cause);
  }
}

/** Codes and secrets travel under TLS, or do not leave this machine. */
function isProtected({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
