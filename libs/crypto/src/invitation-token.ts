import { isId, Redacted } from '#libs/kernel';
import { keyedHash } from './keyed-hash';

const SECRET_BYTES = 32;
/** 32 bytes in base64url, without padding. */
const SECRET = /^[A-Za-z0-9_-]{43}$/;
const HASH_LABEL = 'sv/v1/invitation-token';

/** `inv_….` and 256 random bits: well-formed; whether it invites anybody is another question. */
export interface InvitationToken {
  /** Of the invitation, not secret: where to look. */
  readonly id: string;
  readonly text: Redacted<string>;
}

/** The token that belongs to an invitation and 32 bytes that nobody can guess. */
export function invitationToken(id: string, secret: Uint8Array): InvitationToken {
  if (secret.length !== SECRET_BYTES) throw new RangeError('An invitation token is made of 32 bytes');
  return { id, text: new Redacted(`${id}.${Buffer.from(secret).toString('base64url')}`) };
}

/** Total: null for any text that is no token. */
export function parseInvitationToken(text: Redacted<string>): InvitationToken | null {
  const [id = '', secret = '', ...rest] = text.expose().split('.', 3);
  return rest.length === 0 && isId('inv', id) && SECRET.test(secret) ? { id, text } : null;
}

/** What is stored of a token: 64 hexadecimal digits. Fast and keyed, for the reasons of `hashApiKey`. */
export function hashInvitationToken(pepper: Uint8Array, { text }: InvitationToken): string {
  return keyedHash(pepper, HASH_LABEL, text.expose()).toString('hex');
}
