import { AppError, Redacted } from '#libs/kernel';
import { answerFrame, callFrame, errorFrame, readAnswer, readCall, type Answer } from './wire-format';

const overTheWire = (frame: object) => JSON.parse(JSON.stringify(frame)) as Answer;
const call = { id: '1', name: 'echo', request: {}, context: { correlationId: 'c' } };

describe('callFrame and readCall', () => {
  it('carry a call', () => {
    const request = { text: 'a', list: [1], none: null };
    expect(readCall(overTheWire(callFrame({ ...call, request })))).toEqual({ ...call, request });
  });

  it('carry a Redacted field, and leave the sender its own', () => {
    const request = { value: new Redacted('grüße\u2028') };
    const read = readCall(overTheWire(callFrame({ ...call, request })))?.request as typeof request;
    expect(read.value).toBeInstanceOf(Redacted);
    expect(read.value.expose()).toBe('grüße\u2028');
    expect(request.value).toBeInstanceOf(Redacted);
  });

  it.each([
    null,
    undefined,
    1,
    'text',
    [],
    {},
    { id: 1, pattern: 'a', data: {} },
    { id: '1', pattern: {}, data: {} },
  ])('do not take %j for a call', (frame) => {
    expect(readCall(frame)).toBeUndefined();
  });
});

describe('errorFrame and readAnswer', () => {
  const read = (frame: object) => () => readAnswer(overTheWire(frame));

  it('carry all of an AppError that is for the caller, and no more', () => {
    const details = [{ field: 'name', message: 'is taken' }];
    const error = new AppError('RATE_LIMITED', {
      safeMessage: 'No',
      details,
      retryAfterSeconds: 3,
      cause: new Error('x'),
    });
    expect(Object.keys(errorFrame('1', error).err ?? {})).toEqual([
      'code',
      'safeMessage',
      'details',
      'retryAfterSeconds',
    ]);
    expect(read(errorFrame('1', error))).toThrow(
      expect.objectContaining({
        code: 'RATE_LIMITED',
        kind: 'rate-limited',
        safeMessage: 'No',
        details,
        retryAfterSeconds: 3,
      }) as Error,
    );
  });

  it.each(['NO_SUCH_CODE', 'constructor', '__proto__'])(
    'make INTERNAL_ERROR of the unknown code %s',
    (code) => {
      expect(read({ id: '1', err: { code, safeMessage: 'x' } })).toThrow(
        expect.objectContaining({ code: 'INTERNAL_ERROR' }) as Error,
      );
    },
  );

  it('carry a reply', () => {
    expect(readAnswer(overTheWire(answerFrame('1', { a: 1 })))).toEqual({ a: 1 });
    expect(readAnswer(overTheWire(answerFrame('1', undefined)))).toBeUndefined();
  });
});
