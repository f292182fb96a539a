import { evolveSecret, noSecret, type SecretEvent, type SecretState } from '#libs/events';
import { isAppError, type ErrorCode } from '#libs/kernel';

const metadata = { actorId: 'key_test' };

/** Given a secret's past, when something is decided, then exactly these events follow, or this refusal. */
export function given(...past: readonly SecretEvent[]) {
  const state = past.reduce<SecretState>(
    (before, event) => evolveSecret(before, { ...event, metadata }),
    noSecret,
  );
  return {
    when(decide: (state: SecretState) => SecretEvent[]) {
      return {
        then: (...expected: readonly SecretEvent[]) => expect(decide(state)).toEqual(expected),
        thenFails: (code: ErrorCode) => expect(codeOf(() => decide(state))).toBe(code),
      };
    },
  };
}

function codeOf(work: () => unknown): ErrorCode | 'no error' {
  try {
    work();
    return 'no error';
  } catch (error) {
    if (isAppError(error)) return error.code;
    throw error;
  }
}
