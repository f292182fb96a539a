import { MongoBulkWriteError, MongoServerError } from 'mongodb';

const DUPLICATE_KEY = 11_000;

/**
 * Gives the indexes of the operations of an unordered bulk write that failed because a document with their id exists.
 * All others are done. Throws the error itself when anything else went wrong.
 */
export function duplicatesIn(error: unknown): number[] {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) throw error;
  const failures = [error.writeErrors].flat();
  // The driver wraps other failures too, such as a broken connection, without write errors. The outcome is unknown.
  if (failures.length === 0 || !failures.every(({ code }) => code === DUPLICATE_KEY)) throw error;
  return failures.map(({ index }) => index);
}

/** Names an error of the server by its code: the driver names all of them alike, and a log shows only the name. */
export function named(error: unknown): unknown {
  if (error instanceof MongoServerError && typeof error['codeName'] === 'string')
    Object.defineProperty(error, 'name', { value: error['codeName'] });
  return error;
}
