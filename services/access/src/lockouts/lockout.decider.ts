/** How often somebody has failed to prove who they are. Times are milliseconds since the epoch. */
export interface Failures {
  readonly count: number;
  readonly lastAt: number;
  /** No attempt is looked at before. */
  readonly lockedUntil: number;
}

/** So many attempts are free: people mistype. */
export const FREE_ATTEMPTS = 5;
const FIRST_LOCK_MS = 1_000;
const LOCK_MS_MAX = 15 * 60_000;
/** After a day without an attempt all is forgotten. */
export const FAILURES_KEPT_MS = 24 * 3_600_000;

/**
 * Whether an attempt may be looked at, and what is known afterwards unless it succeeds. It counts before its outcome is
 * known: a thousand guesses sent at once are a thousand guesses.
 */
export function decideAttempt(
  known: Failures | null,
  now: number,
): { readonly retryAfterSeconds: number } | { readonly counted: Failures } {
  const failures = known && now - known.lastAt < FAILURES_KEPT_MS ? known : null;
  if (failures && failures.lockedUntil > now)
    return { retryAfterSeconds: Math.ceil((failures.lockedUntil - now) / 1_000) };
  const count = (failures?.count ?? 0) + 1;
  return { counted: { count, lastAt: now, lockedUntil: now + lockMs(count) } };
}

/**
 * What is known once an attempt that was counted is taken back: it was neither right nor wrong. Those that were counted
 * beside it stay counted. Null: nothing is known.
 */
export function withdrawAttempt(
  known: Failures | null,
  { before, counted }: { readonly before: Failures | null; readonly counted: Failures },
): Failures | null {
  if (!known || known.count <= 1) return null;
  // Nobody came after it: the wait that was over then is over.
  if (before && known.count === counted.count && known.lastAt === counted.lastAt) return before;
  const count = known.count - 1;
  return { count, lastAt: known.lastAt, lockedUntil: known.lastAt + lockMs(count) };
}

/** How long nobody may try after the `count`th failure in a row: 1 s after the fifth, twice that after the next. */
function lockMs(count: number): number {
  if (count < FREE_ATTEMPTS) return 0;
  return Math.min(LOCK_MS_MAX, FIRST_LOCK_MS * 2 ** (count - FREE_ATTEMPTS));
}
