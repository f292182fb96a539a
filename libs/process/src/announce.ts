/* eslint-disable no-console -- what a person or a script reads; logs go to stderr as JSON */
import path from 'node:path';
import { isAppError, type Redacted } from '#libs/kernel';
import { errorFields } from '#libs/observability';

interface FirstKey {
  readonly key: Redacted<string>;
  readonly keyFile: string;
  readonly rootKeyFile: string;
  /** Where the API is, as far as this process knows. */
  readonly url: string;
}

/** How people come into an installation that is new; null where nothing is to be shown. */
export interface FirstSteps {
  /** Shown once in the life of an installation. */
  readonly firstKey: FirstKey | null;
  /** Shown at every start until somebody has used it: a lost terminal locks nobody out. */
  readonly signUpLink: Redacted<string> | null;
}

/** Shows them on the screen, the key before the link. */
export function announceFirstSteps({ firstKey, signUpLink }: FirstSteps): void {
  if (firstKey) announceFirstKey(firstKey);
  if (signUpLink) announceSignUp(signUpLink);
}

function announceFirstKey({ key, keyFile, rootKeyFile, url }: FirstKey): void {
  console.log(`
  Your first API key, with every scope, shown this once:

      ${key.expose()}

  It is kept in ${shown(keyFile)} (readable by you alone) until an owner has signed up.
  The root key is in ${shown(rootKeyFile)}. Back it up apart from the data: without it nothing opens.

  Try it:

      export HKLST_KEY=$(cat ${shown(keyFile)})
      curl ${url}/api/v1/secrets -H "Authorization: Bearer $HKLST_KEY" \\
        -H 'Content-Type: application/json' \\
        -d '{"secret":{"name":"STRIPE_WEBHOOK_SECRET","value":"whsec_abc123..."}}'
`);
}

function announceSignUp(link: Redacted<string>): void {
  console.log(`
  Nobody owns this installation yet. Whoever opens this link first signs up as its owner:

      ${link.expose()}
${isAnyAddress(link.expose()) ? ANY_ADDRESS : ''}`);
}

const ANY_ADDRESS = `
  This address stands for every one of this machine: set PUBLIC_URL to the one that people open, and start again.
`;

function isAnyAddress(url: string): boolean {
  return ['0.0.0.0', '[::]'].includes(new URL(url).hostname);
}

/** The line that says the process can be used; scripts wait for it. */
export function announceReady(url: string): void {
  console.log(`ready ${url}`);
}

/** One sentence for a refusal we know; for anything else its name, never its text, which may hold a value. */
export function announceRefusal(error: unknown): void {
  if (isAppError(error)) console.error(error.safeMessage);
  else console.error('Cannot start: an unexpected error.', JSON.stringify(errorFields(error)));
}

/** The shorter way to say it. */
function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}
