import { AppError } from '#libs/kernel';
import type { Filter } from '#libs/mongo';
import type { KeyPurpose, RootKeyState, WrappedKey } from '../key-store';

/** A key as MongoDB holds it: its id is the document's. */
export type StoredKey = Omit<WrappedKey, 'id'> & { readonly _id: string };
export type StoredState = RootKeyState & { readonly _id: string };

/** The bytes are copied: the driver serialises later, when the caller may have overwritten them. */
export function toStored({ id, wrapped, ...rest }: WrappedKey): StoredKey {
  return { _id: text(id), ...rest, wrapped: Uint8Array.from(wrapped) };
}

/** The driver's bytes are a window on the whole answer of the server. */
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

/** Whatever the types promised: an object from a request would be an operator. */
export function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new AppError('VALIDATION_FAILED', { safeMessage: 'A key is looked for by text' });
}
