import { AppError } from '#libs/kernel';

/** A revision or position from outside as a number; VALIDATION_FAILED when it is none. */
export function decimal(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AppError('VALIDATION_FAILED', { safeMessage: 'A revision or position is a decimal number' });
}
