import { rootKeyFingerprint, unwrapKey, wrapKey, type KeyBinding } from '#libs/crypto';
import { AppError, isAppError } from '#libs/kernel';
import type { KeyStore, RootKeyState, WrappedKey } from './key-store';

const BATCH_ROWS = 500;

export interface RootKeyPair {
  readonly current: Uint8Array;
  /** The key that a rotation replaces. It may stay in the settings afterwards. */
  readonly previous?: Uint8Array | undefined;
}

interface RootKey {
  readonly fingerprint: string;
  readonly key: Uint8Array;
}

/** The root keys that this process has. The `parent` of a row is the fingerprint of the root key that wraps it. */
export interface RootKeys {
  readonly current: RootKey;
  readonly previous: RootKey | undefined;
}

/**
 * Checks the given root keys against the store and finishes a rotation: every row under the previous key is wrapped
 * under the current one. After a crash, the next start goes on. Fails with ROOT_KEY_INVALID before it changes anything,
 * and says in plain words what to do.
 */
export async function settleRootKeys(keys: KeyStore, pair: RootKeyPair): Promise<RootKeys> {
  const roots = { current: rootKey(pair.current), previous: pair.previous && rootKey(pair.previous) };
  const state = await keys.rootKeyState();
  const complaint = state
    ? (mismatch(state, roots) ?? (await leftBehind(keys, state, roots)))
    : await obstacle(keys, roots);
  if (complaint) throw new AppError('ROOT_KEY_INVALID', { safeMessage: complaint });
  if (!state) await keys.setRootKeyState({ current: roots.current.fingerprint, previous: null, retired: [] });
  else if (roots.previous) await rotate(keys, state, { ...roots, previous: roots.previous });
  return roots;
}

/** Wraps a key under the current root key. */
export function wrapUnderRoot(key: Uint8Array, { current }: RootKeys, place: Omit<KeyBinding, 'parent'>) {
  const binding = { ...place, parent: current.fingerprint };
  return { parent: binding.parent, wrapped: wrapKey(key, current.key, binding) };
}

/** Unwraps a row that a root key wraps. Fails with INTEGRITY_ERROR, also when this process lacks that root key. */
export function unwrapUnderRoot(row: WrappedKey, { current, previous }: RootKeys): Buffer {
  const root = [current, previous].find((candidate) => candidate?.fingerprint === row.parent);
  if (!root) throw new AppError('INTEGRITY_ERROR');
  return unwrapKey(row.wrapped, root.key, row);
}

/** Counts the rows under a root key. Those that a rotation leaves under the previous key are damaged. */
async function countRowsUnder(keys: KeyStore, fingerprint: string): Promise<number> {
  const instance = await keys.count({ purpose: 'instance', parent: fingerprint });
  return instance + (await keys.count({ purpose: 'organization', parent: fingerprint }));
}

function rootKey(key: Uint8Array): RootKey {
  return { fingerprint: rootKeyFingerprint(key), key };
}

/** Says why a store in use cannot be served with these keys; null when it can. */
function mismatch(state: RootKeyState, roots: RootKeys): string | null {
  const current = roots.current.fingerprint;
  const previous = roots.previous?.fingerprint;
  if (current === state.previous || state.retired.includes(current)) {
    return 'The root key given was rotated away earlier. Start with the key that replaced it; if a previous root key is given too, the two may be swapped.';
  }
  if (current !== state.current && previous !== state.current) {
    return 'The root key given is not the one this key store was made with; nothing was changed. Start with that one. To rotate it, give it as the previous root key and the new one as the current.';
  }
  if (state.previous !== null && previous !== state.previous) {
    return 'A rotation of the root key is not finished. Start with the same current and previous root key as before.';
  }
  if (current === state.current && isUnknown(previous, state)) {
    return 'The previous root key given was never used here; the current and the previous root key may be swapped. To rotate, give the new key as the current and the one in use as the previous.';
  }
  return null;
}

function isUnknown(previous: string | undefined, state: RootKeyState): boolean {
  return previous !== undefined && previous !== state.previous && !state.retired.includes(previous);
}

/**
 * Says that a finished rotation has missed a row, or gives null. The process that stored the row died before it could
 * wrap the row again (`RootedKeys`).
 */
async function leftBehind(
  keys: KeyStore,
  { previous: unfinished, retired }: RootKeyState,
  { previous }: RootKeys,
): Promise<string | null> {
  // An unfinished rotation comes first, and needs its own previous root key.
  if (unfinished !== null) return null;
  const inUse = [];
  for (const fingerprint of retired)
    if ((await countRowsUnder(keys, fingerprint)) > 0) inUse.push(fingerprint);
  // Rows under the previous key that is given are wrapped again now. The next start asks for any other such key.
  if (inUse.length === 0 || (previous && inUse.includes(previous.fingerprint))) return null;
  return 'Some keys still rest on a root key that was rotated away; nothing was changed. Start once with that one as the previous root key and the one in use as the current.';
}

/** Says why a store that has no root key yet cannot take its first; null when it can. */
async function obstacle(keys: KeyStore, { previous }: RootKeys): Promise<string | null> {
  if (previous) {
    return 'A previous root key is given, but this key store is empty. If it is the right one, give the current root key alone.';
  }
  const rows = (await keys.count({ purpose: 'instance' })) + (await keys.count({ purpose: 'organization' }));
  return rows === 0
    ? null
    : 'The key store holds keys, but no record of the root key they rest on. If npm run move was filling it, run that again until it is complete; else restore the key store from its backup.';
}

async function rotate(
  keys: KeyStore,
  state: RootKeyState,
  roots: RootKeys & { previous: RootKey },
): Promise<void> {
  const current = roots.current.fingerprint;
  const previous = roots.previous.fingerprint;
  // Recorded first: from now on no process starts with the old key alone, and a running one makes no keys under it.
  if (state.current !== current) await keys.setRootKeyState({ ...state, current, previous });
  // Also after a finished rotation, because another process may have stored a row late.
  for (const purpose of ['instance', 'organization'] as const) {
    let last: WrappedKey | undefined;
    do {
      const rows = await keys.list({ purpose, parent: previous, afterId: last?.id ?? '', limit: BATCH_ROWS });
      last = rows.at(-1);
      if (last) await keys.rewrap(rows.flatMap((row) => rewrapped(row, roots)));
    } while (last);
  }
  if ((await countRowsUnder(keys, previous)) > 0) return;
  const retired = [...new Set([...state.retired, previous])];
  await keys.setRootKeyState({ current, previous: null, retired });
}

/** Leaves a damaged row under the old key, which is then still needed, so that no other row waits for a repair. */
function rewrapped(row: WrappedKey, roots: RootKeys) {
  try {
    return [{ id: row.id, ...wrapUnderRoot(unwrapUnderRoot(row, roots), roots, row) }];
  } catch (error) {
    if (isAppError(error, 'INTEGRITY_ERROR')) return [];
    throw error;
  }
}
