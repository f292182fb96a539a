import {
  organizationFold,
  secretFold,
  type OrganizationEvent,
  type OrganizationState,
  type SecretEvent,
  type SecretState,
} from '#libs/events';
import { isAppError, type ErrorCode } from '#libs/kernel';

interface Event {
  readonly type: string;
  readonly data: object;
}

interface Fold<S> {
  readonly initial: S;
  readonly evolve: (state: S, event: Event & { readonly metadata: { readonly actorId: string } }) => S;
}

const metadata = { actorId: 'key_test' };

/** Tests a decider: given a secret's past events, when it decides, then it gives exactly these events or this error. */
export const given = (...past: readonly SecretEvent[]) =>
  givenPast<SecretState, SecretEvent>(secretFold, past);

/** The same for an organization. */
export const givenOrganization = (...past: readonly OrganizationEvent[]) =>
  givenPast<OrganizationState, OrganizationEvent>(organizationFold, past);

function givenPast<S, E extends Event>({ initial, evolve }: Fold<S>, past: readonly E[]) {
  const state = past.reduce<S>((before, event) => evolve(before, { ...event, metadata }), initial);
  return {
    state,
    when(decide: (state: S) => readonly E[]) {
      return {
        then: (...expected: readonly E[]) => expect(decide(state)).toEqual(expected),
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
