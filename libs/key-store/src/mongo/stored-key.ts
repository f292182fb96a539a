import { AppError } from '#libs/kernel';
import type { Filter } from '#libs/mongo';
import type { KeyPurpose, RootKeyState, WrappedKey } from '../key-store';

/** A key as MongoDB stores it: the document's `_id` is the key's id. */
export type StoredKey = Omit<WrappedKey, 'id'> & { readonly _id: string };
export type StoredState = RootKeyState & { readonly _id: string };

/** Copies the bytes, because the driver serialises them later, when the caller may have overwritten them. */
export function toStored({ id, wrapped, ...rest }: WrappedKey): StoredKey {
  return { _id: text(id), ...rest, wrapped: Uint8Array.from(wrapped) };
}

/** Copies the bytes, because those of the driver are a view of the server's whole answer. */
export function toKey({ _id, wrapped, ...rest }: StoredKey): WrappedKey {
  return { id: _id, ...rest, wrapped: Uint8Array.from(wrapped) };
}

export function filterOf(
  query: Pick<WrappedKey, 'purpose'> & { parent?: string; orgId?: string },
): Filter<StoredKey> {
  const { purpose, parent, orgId } = query;
  return {
    purpose: text(purpose) as KeyPurpose,
    ...(parent !== undefined && { parent: text(parent) }),
    ...(orgId !== undefined && { orgId: text(orgId) }),
  };
}

/** Checks at run time what the types promise: an object from a request would be a query operator. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new AppError('VALIDATION_FAILED', { safeMessage: 'A key is looked for by text' });
}
