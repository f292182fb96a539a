import { AppError } from '#libs/kernel';

/** Why an installation is not moved, in a sentence that says what to do. */
export function moveRefused(sentence: string, cause?: unknown): AppError {
  return new AppError('MOVE_REFUSED', { safeMessage: sentence, cause });
}
