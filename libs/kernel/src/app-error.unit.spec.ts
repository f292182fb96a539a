import { AppError, isAppError } from './app-error';
import { withDeadline } from './deadline';

describe('AppError', () => {
  it('takes kind and sentence from the registry', () => {
    const error = new AppError('SECRET_NAME_TAKEN');
    expect(error).toMatchObject({ kind: 'conflict', safeMessage: 'Secret name is already taken' });
  });

  it('is recognised by its code, not by its class', () => {
    const error = new AppError('NOT_FOUND');
    expect(isAppError(error)).toBe(true);
    expect(isAppError(error, 'NOT_FOUND')).toBe(true);
    expect(isAppError(error, 'FORBIDDEN')).toBe(false);
    expect(isAppError(Object.assign(new Error('x'), { code: 'ENOENT', safeMessage: 'x' }))).toBe(false);
    expect(isAppError({ code: 'NOT_FOUND', safeMessage: 'x' })).toBe(false);
  });
});

describe('withDeadline', () => {
  it('settles like its work', async () => {
    await expect(withDeadline(Promise.resolve(1), 1_000, 'STORE_UNAVAILABLE')).resolves.toBe(1);
    const refusal = new AppError('NOT_FOUND');
    await expect(withDeadline(Promise.reject(refusal), 1_000, 'STORE_UNAVAILABLE')).rejects.toBe(refusal);
  });

  it('rejects with the given code when the work takes too long', async () => {
    const never = new Promise<void>(() => undefined);
    await expect(withDeadline(never, 5, 'STORE_UNAVAILABLE')).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
  });
});
