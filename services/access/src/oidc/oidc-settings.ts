import { readFileSync } from 'node:fs';
import { configInvalid, isLoopback, list, oneOf, Redacted, type Setting } from '#libs/kernel';

/** The algorithms to choose from. None uses a shared secret, and `none` is not among them. */
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const;

/** The company's OpenID Connect provider, and our registration with it. */
export interface OidcSettings {
  /** Tokens of any other issuer are refused. */
  readonly issuer: URL;
  /** The audience that identity tokens must name. */
  readonly clientId: string;
  readonly clientSecret: Redacted<string>;
  /** The algorithm with which identity tokens must be signed. */
  readonly signingAlgorithm: (typeof ALGORITHMS)[number];
  /** A person with a verified address in one of these domains needs no invitation. They are in lower case. */
  readonly signUpDomains: readonly string[];
  /** The exact URL to which the provider sends people back. */
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

/** Combines the settings; null without a provider. `publicUrl` is null when the operator has not set PUBLIC_URL. */
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

/** Tells whether codes and secrets travel under TLS or stay on this machine. */
function isProtected({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
