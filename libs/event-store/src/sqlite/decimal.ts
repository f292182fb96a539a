import { AppError } from '#libs/kernel';

/** Reads a revision or position that a caller gave. Fails with VALIDATION_FAILED when it is not a decimal number. */
export function decimal(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AppError('VALIDATION_FAILED', { safeMessage: 'A revision or position is a decimal number' });
}
