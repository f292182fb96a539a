/* eslint-disable no-console -- what a person or a script reads; logs go to stderr as JSON */
import path from 'node:path';
import { isAppError, type Redacted } from '#libs/kernel';
import { errorFields } from '#libs/observability';

interface FirstKey {
  readonly key: Redacted<string>;
  readonly keyFile: string;
  readonly rootKeyFile: string;
  /** The URL of the API, as far as this process knows it. */
  readonly url: string;
}

/** How people get into a new installation. Null for what is not to be shown. */
export interface FirstSteps {
  /** Shown once, at the first start of an installation. */
  readonly firstKey: FirstKey | null;
  /** Shown at every start until somebody has used it, so that a lost terminal locks nobody out. */
  readonly signUpLink: Redacted<string> | null;
}

/** Prints the key, and then the link. */
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

/** Prints the line that says that the process serves. Scripts wait for it. */
export function announceReady(url: string): void {
  console.log(`ready ${url}`);
}

/** Prints the sentence of an AppError. Of other errors it prints the name, never the text, which may hold a value. */
export function announceRefusal(error: unknown): void {
  if (isAppError(error)) console.error(error.safeMessage);
  else console.error('Cannot start: an unexpected error.', JSON.stringify(errorFields(error)));
}

/** Gives a relative path for a file in the current directory. */
function shown(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') ? file : relative;
}
