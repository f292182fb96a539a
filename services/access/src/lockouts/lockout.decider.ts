/** The failed attempts of one subject to prove who they are. Times are milliseconds since the epoch. */
export interface Failures {
  readonly count: number;
  readonly lastAt: number;
  /** Every attempt before this time is refused. */
  readonly lockedUntil: number;
}

/** This many attempts have no delay between them, because people mistype. */
export const FREE_ATTEMPTS = 5;
const FIRST_LOCK_MS = 1_000;
const LOCK_MS_MAX = 15 * 60_000;
/** Failures are forgotten after a day without an attempt. */
export const FAILURES_KEPT_MS = 24 * 3_600_000;

/**
 * Decides whether an attempt may be judged. If it may, `counted` is stored before the outcome is known; otherwise a
 * thousand guesses that are sent at once would count as one. A lock that lasts longer than any was begun by a clock that
 * was ahead: it ends with an attempt, which is counted at the present time.
 */
export function decideAttempt(
  known: Failures | null,
  now: number,
): { readonly retryAfterSeconds: number } | { readonly counted: Failures } {
  const failures = known && now - known.lastAt < FAILURES_KEPT_MS ? known : null;
  const waitMs = (failures?.lockedUntil ?? now) - now;
  if (waitMs > 0 && waitMs <= LOCK_MS_MAX) return { retryAfterSeconds: Math.ceil(waitMs / 1_000) };
  const count = (failures?.count ?? 0) + 1;
  return { counted: { count, lastAt: now, lockedUntil: now + lockMs(count) } };
}

/**
 * Takes back an attempt that turned out neither right nor wrong. Attempts that were counted at the same time stay
 * counted. Null when no failure is left.
 */
export function withdrawAttempt(
  known: Failures | null,
  { before, counted }: { readonly before: Failures | null; readonly counted: Failures },
): Failures | null {
  if (!known || known.count <= 1) return null;
  // No later attempt was counted, so the lock that this attempt has begun ends with it.
  if (before && known.count === counted.count && known.lastAt === counted.lastAt) return before;
  const count = known.count - 1;
  return { count, lastAt: known.lastAt, lockedUntil: known.lastAt + lockMs(count) };
}

/**
 * Gives the delay after the `count`th failure in a row: 1 s after the fifth, and twice as long after each further one.
 */
function lockMs(count: number): number {
  if (count < FREE_ATTEMPTS) return 0;
  return Math.min(LOCK_MS_MAX, FIRST_LOCK_MS * 2 ** (count - FREE_ATTEMPTS));
}
