import { AppError } from '#libs/kernel';
import type { ReadStore } from '#libs/read-store';
import { intercepted } from './intercepted';

/** The read store of a process that dies behind its events, before it records the answer for an Idempotency-Key. */
export function losingAnswers(reads: ReadStore): ReadStore {
  return intercepted(reads, {
    putIfAbsent: async (collection, document) => {
      if ('outcome' in document) throw new AppError('STORE_UNAVAILABLE');
      return reads.putIfAbsent(collection, document);
    },
  });
}
