import { AppError } from '#libs/kernel';
import type { ReadStore } from '#libs/read-store';
import { intercepted } from './intercepted';

/** Gives a read store that cannot record answers for an Idempotency-Key, as if the process died after its events. */
export function losingAnswers(reads: ReadStore): ReadStore {
  return intercepted(reads, {
    putIfAbsent: async (collection, document) => {
      if ('outcome' in document) throw new AppError('STORE_UNAVAILABLE');
      return reads.putIfAbsent(collection, document);
    },
  });
}
