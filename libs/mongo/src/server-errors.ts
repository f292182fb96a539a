import { MongoBulkWriteError, MongoServerError } from 'mongodb';

const DUPLICATE_KEY = 11_000;

/**
 * Which operations of an unordered bulk write failed because a document with their id is there, by index; the
 * others are done then. Throws the error itself when anything else went wrong.
 */
export function duplicatesIn(error: unknown): number[] {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
  const failures = [error.writeErrors].flat();
  // None: the driver wraps whatever went wrong, a connection that broke as well, and then nothing is certain.
  if (failures.length === 0 || !failures.every(({ code }) => code === DUPLICATE_KEY)) throw error;
  return failures.map(({ index }) => index);
}

/** The driver calls all that a server refuses by one name. A log shows names only, so this says which it was. */
export function named(error: unknown): unknown {
  if (error instanceof MongoServerError && typeof error['codeName'] === 'string')
    Object.defineProperty(error, 'name', { value: error['codeName'] });
  return error;
}
