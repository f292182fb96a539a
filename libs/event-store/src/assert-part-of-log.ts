import { AppError, comparePositions, type Position } from '#libs/kernel';

/**
 * Throws INTEGRITY_ERROR when the log ends before `position`. A log that was restored from a backup gives the lost
 * positions to new events, and a subscriber that went on behind its end would skip them.
 */
export function assertPartOfLog(position: Position | null, head: Position | null): void {
  if (comparePositions(position, head ?? '0') <= 0) return;
  const safeMessage =
    'The log ends before the position to go on from: it is older than what was read from it';
  throw new AppError('INTEGRITY_ERROR', { safeMessage });
}
