import { AppError } from '#libs/kernel';

/** Makes a MOVE_REFUSED. The sentence tells the user why nothing is moved, and what to do. */
export function moveRefused(sentence: string, cause?: unknown): AppError {
  return new AppError('MOVE_REFUSED', { safeMessage: sentence, cause });
}
