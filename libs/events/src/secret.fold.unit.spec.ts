import { created, someSecret } from '#libs/testing';
import { secretFold, type SecretState } from './secret.fold';
import type { SecretEvent } from './secret.events';

const metadata = { actorId: 'key_test' };
const LARGE = 64 * 1024;

function changed(version: number): SecretEvent {
  const sealed = { envelope: 'A'.repeat(LARGE), dataKeyId: `key-${version}` };
  return { type: 'SecretUpdated', data: { secret: { ...someSecret, version }, sealed, reason: 'value' } };
}

describe('secretFold', () => {
  it('holds one value, however many a secret had', () => {
    const events = [created, ...Array.from({ length: 99 }, (_, index) => changed(index + 2))];
    const state = events.reduce<SecretState>(
      (before, event) => secretFold.evolve(before, { ...event, metadata }),
      secretFold.initial,
    );
    expect(state).toMatchObject({ changes: 100, sealed: { dataKeyId: 'key-100' } });
    expect(JSON.stringify(state).length).toBeLessThan(LARGE + 100 * 200);
    // What is remembered is bounded by what this says.
    expect(secretFold.bytesOf(state)).toBeGreaterThan(JSON.stringify(state).length / 2);
    expect(secretFold.bytesOf(state)).toBeLessThan(2 * LARGE);
  });
});
