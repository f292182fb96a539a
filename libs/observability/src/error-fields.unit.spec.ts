import { AppError } from '#libs/kernel';
import { errorFields } from './error-fields';

const CANARY = 'CANARY_7f3a9c';

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('errorFields', () => {
  it('gives the code of an AppError', () => {
    expect(errorFields(new AppError('NOT_FOUND'))).toMatchObject({
      error_code: 'NOT_FOUND',
      error_name: 'AppError',
    });
  });

  it('gives the name and origin of the cause of an AppError', () => {
    const cause = thrownBy(() => JSON.parse(CANARY));
    const fields = errorFields(new AppError('INTERNAL_ERROR', { cause }));
    expect(fields).toMatchObject({ error_code: 'INTERNAL_ERROR', error_name: 'SyntaxError' });
    expect(fields.stack).toContain('error-fields.unit.spec');
  });

  it('gives the code that the cause has from whoever failed, however often it was wrapped', () => {
    const full = Object.assign(new Error(CANARY), { code: 'SQLITE_FULL' });
    const fields = { error_code: 'STORE_UNAVAILABLE', cause_code: 'SQLITE_FULL', error_name: 'Error' };
    const wrapped = new AppError('STORE_UNAVAILABLE', { cause: full });
    expect(errorFields(wrapped)).toMatchObject(fields);
    const twice = errorFields(new AppError('INTERNAL_ERROR', { cause: wrapped }));
    expect(twice).toMatchObject({ ...fields, error_code: 'INTERNAL_ERROR' });
  });

  it('gives name, code and frames of any other error', () => {
    const error = Object.assign(new TypeError(CANARY), { code: 'ERR_SOMETHING' });
    const fields = errorFields(error);
    expect(fields).toMatchObject({ error_code: 'ERR_SOMETHING', error_name: 'TypeError' });
    expect(fields.stack).toMatch(/^at .*error-fields\.unit\.spec/);
    expect(fields.stack?.split('\n').every((line) => line.startsWith('at '))).toBe(true);
  });

  it('names the class where a library left the name at "Error"', () => {
    class WrongExpectedVersionError extends Error {}
    expect(errorFields(new WrongExpectedVersionError()).error_name).toBe('WrongExpectedVersionError');
  });

  it.each<[string, unknown]>([
    ['a message', new Error(CANARY)],
    ['a message of several lines', new Error(`first\n${CANARY}\n\nlast`)],
    [
      'a message that looks like frames',
      new Error(`x\n    at ${CANARY} (/tmp/${CANARY}.js:1:2)\n    at ${CANARY}`),
    ],
    [
      'a message changed afterwards',
      Object.assign(new Error(`x\n    at ${CANARY} said so`), { message: 'y' }),
    ],
    ['a name', Object.assign(new Error('x'), { name: `Error: ${CANARY}` })],
    ['a code', Object.assign(new Error('x'), { code: `no ${CANARY}` })],
    [
      'the code of a cause',
      new AppError('NOT_FOUND', { cause: Object.assign(new Error('x'), { code: `no ${CANARY}` }) }),
    ],
    ['own properties', Object.assign(new Error('x'), { value: CANARY, request: { body: CANARY } })],
    ['a cause', new Error('x', { cause: new Error(CANARY) })],
    [
      'details',
      new AppError('VALIDATION_FAILED', { safeMessage: CANARY, details: [{ field: 'f', message: CANARY }] }),
    ],
    ['errors in an AggregateError', new AggregateError([new Error(CANARY)], CANARY)],
    ['a thrown string', CANARY],
    ['a thrown object', { message: CANARY, stack: CANARY }],
    ['a replaced stack', Object.assign(new Error('x'), { stack: CANARY })],
    ['a parse error', thrownBy(() => JSON.parse(`{"value": ${CANARY}`))],
  ])('says nothing of %s', (_where, error) => {
    const text = JSON.stringify(errorFields(error));
    expect(text).not.toContain('CANARY');
    expect(text).not.toContain('7f3a9c');
  });

  it.each([null, undefined, 42, 'text'])('survives a thrown %p', (thrown) => {
    expect(errorFields(thrown)).toEqual({ error_name: typeof thrown });
  });
});
