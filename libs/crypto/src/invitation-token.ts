import { isId, Redacted } from '#libs/kernel';
import { keyedHash } from './keyed-hash';

const SECRET_BYTES = 32;
/** 32 bytes in base64url, without padding. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;
const HASH_LABEL = 'sv/v1/invitation-token';

/** A well-formed token: `inv_….` and 256 random bits. It may be one that was never issued. */
export interface InvitationToken {
  /** The id of the invitation, not secret. */
  readonly id: string;
  readonly text: Redacted<string>;
}

/** Makes the token of an invitation from 32 bytes that nobody can guess. */
export function invitationToken(id: string, secret: Uint8Array): InvitationToken {
  if (secret.length !== SECRET_BYTES) throw new RangeError('An invitation token is made of 32 bytes');
  return { id, text: new Redacted(`${id}.${Buffer.from(secret).toString('base64url')}`) };
}

/** Gives null for any text that is not a well-formed token. */
export function parseInvitationToken(text: Redacted<string>): InvitationToken | null {
  const [id = '', secret = '', ...rest] = text.expose().split('.', 3);
  return rest.length === 0 && isId('inv', id) && SECRET.test(secret) ? { id, text } : null;
}

/** Gives what is stored of a token: a fast keyed hash, 64 hexadecimal digits, for the reasons given at `hashApiKey`. */
export function hashInvitationToken(pepper: Uint8Array, { text }: InvitationToken): string {
  return keyedHash(pepper, HASH_LABEL, text.expose()).toString('hex');
}
