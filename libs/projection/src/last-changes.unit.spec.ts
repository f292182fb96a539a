import type { RecordedEvent } from '#libs/event-store';
import { LastChanges } from './last-changes';

const event = (orgId: string, position: number) =>
  ({ position: String(position), metadata: { orgId } }) as RecordedEvent;

describe('LastChanges', () => {
  it('names another state after an event of the organization, and of no other', () => {
    const changes = new LastChanges();
    changes.beginAt('7');
    const [a, b] = [changes.stateOf('a'), changes.stateOf('b')];
    changes.note(event('a', 8));
    expect(changes.stateOf('a')).not.toBe(a);
    expect(changes.stateOf('b')).toBe(b);
  });

  it('never names an earlier state again for an organization that it has forgotten', () => {
    const changes = new LastChanges();
    changes.beginAt('0');
    const unknown = changes.stateOf('a');
    changes.note(event('a', 1));
    for (let position = 2; position < 15_000; position += 1)
      changes.note(event(`other ${position}`, position));
    expect([unknown, '1']).not.toContain(changes.stateOf('unseen'));
    expect(changes.stateOf('a')).not.toBe(unknown);
  });

  it('stays at the latest of those it has forgotten, in whatever order they go', () => {
    const changes = new LastChanges();
    changes.beginAt('0');
    changes.note(event('early', 5));
    for (let position = 10; position < 10_009; position += 1)
      changes.note(event(`other ${position}`, position));
    changes.stateOf('early');
    for (let position = 20_000; position < 40_000; position += 1) {
      const before = Number(changes.stateOf('unseen'));
      changes.note(event(`more ${position}`, position));
      expect(Number(changes.stateOf('unseen'))).toBeGreaterThanOrEqual(before);
    }
  });
});
