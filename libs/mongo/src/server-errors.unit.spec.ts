import { MongoBulkWriteError, MongoServerError, type BulkWriteResult } from 'mongodb';
import { duplicatesIn, named } from './server-errors';

function bulkError(writeErrors: readonly { code: number; index: number }[], concern?: object) {
  const result = { getWriteConcernError: () => concern } as unknown as BulkWriteResult;
  const message = 'bulk write failed';
  const details = { message, code: writeErrors[0]?.code ?? 0, writeErrors: [...writeErrors] as never };
  return new MongoBulkWriteError(details, result);
}

describe('duplicatesIn', () => {
  const first = { code: 11_000, index: 3 };
  const second = { code: 11_000, index: 7 };

  it('names the operations whose id was there', () => {
    expect(duplicatesIn(bulkError([first]))).toEqual([3]);
    expect(duplicatesIn(bulkError([first, second]))).toEqual([3, 7]);
  });

  it.each<[string, unknown]>([
    ['one operation failed otherwise', bulkError([first, { code: 112, index: 4 }])],
    ['the others are not on a majority', bulkError([first], { code: 64 })],
    ['the answer did not come', new Error('connection closed')],
    ['the driver wrapped that', bulkError([])],
  ])('throws the error itself when %s', (_, error) => {
    let thrown: unknown;
    try {
      duplicatesIn(error);
    } catch (caught) {
      thrown = caught;
    }
    expect(thrown).toBe(error);
  });
});

describe('named', () => {
  it('calls what a server refuses by its own name, and leaves the rest', () => {
    const refused = new MongoServerError({ code: 18, codeName: 'AuthenticationFailed' });
    expect(named(refused)).toBe(refused);
    expect(refused.name).toBe('AuthenticationFailed');
    expect(named(new TypeError('x'))).toMatchObject({ name: 'TypeError' });
  });
});
