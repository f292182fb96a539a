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
import { commandOf } from '../http/command-of';
import { callerOf, userAgentOf, type GatewayRequest } from '../http/gateway-request';
import { idPattern } from '../openapi/operation';
import type { CreateSecretBody } from './create-secret.dto';
import { isSecretName, NAME } from './secret-field.dto';
import {
  PAGE_SIZE_DEFAULT,
  type DeleteSecretQuery,
  type ListSecretsQuery,
  type RevealSecretQuery,
} from './secret-queries.dto';
import type { UpdateSecretBody } from './update-secret.dto';
import { ifRevision } from './write-headers';

/** What a validated request says, as the message that carries it. */

/** What `secretRef` takes, as the OpenAPI document states it. */
export const secretRefParameter = {
  description: 'Id or name of the secret: ids are lower case, names are upper case, so the two never meet.',
  schema: {
    type: 'string',
    pattern: `^${idPattern('sec')}$|${NAME.source}`,
    examples: ['STRIPE_WEBHOOK_SECRET'],
  },
};

/** The secret a URL names: an id or a name, lower and upper case, so they never meet. Fails with NOT_FOUND. */
export function secretRef({ params }: GatewayRequest): string {
  const { id = '' } = params;
  if (!isId('sec', id) && !isSecretName(id)) throw new AppError('NOT_FOUND');
  return id;
}

/** Null: the whole list. */
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

/** A time as all of ours are written. */
export function utc(time: string | null | undefined): string | null | undefined {
  return typeof time === 'string' ? new Date(time).toISOString() : time;
}
