import type {
  createSecret,
  deleteSecret,
  listSecrets,
  RequestOf,
  revealSecret,
  updateSecret,
} from '#libs/contracts';
import { secretSortFields } from '#libs/contracts';
import { AppError, isId, newCommandId, Redacted } from '#libs/kernel';
import { utc } from '../fields/time-field.dto';
import { commandOf } from '../http/command-of';
import { callerOf, userAgentOf, type GatewayRequest } from '../http/gateway-request';
import { ifRevision } from '../http/write-headers';
import { idPattern } from '../openapi/operation';
import { NAME } from './secret-field.dto';
import {
  PAGE_SIZE_DEFAULT,
  type DeleteSecretQuery,
  type ListSecretsQuery,
  type RevealSecretQuery,
} from './secret-queries.dto';
import type { CreateSecretBody, UpdateSecretBody } from './secret.dto';

/** Each function here turns a validated request into the message that carries it. */

/** What `secretRef` accepts, as the OpenAPI document states it. */
export const secretRefParameter = {
  description: 'Id or name of the secret: ids are lower case, names are upper case, so the two never meet.',
  schema: {
    type: 'string',
    pattern: `^${idPattern('sec')}$|${NAME.source}`,
    examples: ['STRIPE_WEBHOOK_SECRET'],
  },
};

/**
 * Gives the id or the name in the URL. Ids are lower case and names are upper case, so no text can be both. Fails with
 * NOT_FOUND for a text that is neither.
 */
export function secretRef({ params }: GatewayRequest): string {
  const { id = '' } = params;
  if (!isId('sec', id) && !NAME.test(id)) throw new AppError('NOT_FOUND');
  return id;
}

/** Gives the page that a query asks for; null for the whole list. */
export function pageOf({ page, page_size: size }: ListSecretsQuery) {
  if (page === undefined && size === undefined) return null;
  return { number: Number(page ?? 1), size: Number(size ?? PAGE_SIZE_DEFAULT) };
}

export function toList(
  request: GatewayRequest,
  query: ListSecretsQuery,
  atLeast: string | null,
): RequestOf<typeof listSecrets> {
  const { q = null, name = null, tag = null, sort = 'name' } = query;
  const descending = sort.startsWith('-');
  const field = secretSortFields.find((candidate) => candidate === sort.slice(descending ? 1 : 0)) ?? 'name';
  return {
    caller: callerOf(request),
    page: pageOf(query),
    q,
    name,
    tag,
    sort: { field, direction: descending ? 'descending' : 'ascending' },
    atLeast,
  };
}

export function toCreate(
  request: GatewayRequest,
  { secret }: CreateSecretBody,
): RequestOf<typeof createSecret> {
  return {
    ...commandOf(request),
    name: secret.name,
    value: new Redacted(secret.value),
    description: secret.description ?? null,
    tags: secret.tags ?? [],
    expiresAt: utc(secret.expires_at) ?? null,
  };
}

export function toUpdate(
  request: GatewayRequest,
  secret: string,
  { secret: fields }: UpdateSecretBody,
): RequestOf<typeof updateSecret> {
  return {
    ...commandOf(request),
    secret,
    lastReadAt: null,
    ifRevision: ifRevision(request),
    ...(fields.name !== undefined && { name: fields.name }),
    ...(fields.value !== undefined && { value: new Redacted(fields.value) }),
    ...(fields.description !== undefined && { description: fields.description }),
    ...(fields.tags !== undefined && { tags: fields.tags ?? [] }),
    ...(fields.expires_at !== undefined && { expiresAt: utc(fields.expires_at) ?? null }),
  };
}

export function toDelete(
  request: GatewayRequest,
  secret: string,
  { destroy }: DeleteSecretQuery,
): RequestOf<typeof deleteSecret> {
  return { ...commandOf(request), secret, ifRevision: ifRevision(request), destroy: destroy === 'true' };
}

export function toReveal(
  request: GatewayRequest,
  secret: string,
  { version }: RevealSecretQuery,
): RequestOf<typeof revealSecret> {
  const now = new Date();
  return {
    caller: callerOf(request),
    commandId: newCommandId(now),
    at: now.toISOString(),
    secret,
    version: version === undefined ? null : Number(version),
    address: request.ip,
    userAgent: userAgentOf(request),
  };
}
