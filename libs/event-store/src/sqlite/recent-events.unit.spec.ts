import type { RecordedEvent } from '../event-store';
import { RecentEvents } from './recent-events';

const at = (position: number) => ({ position: String(position) }) as RecordedEvent;
const positions = (events: readonly RecordedEvent[] | undefined) => events?.map(({ position }) => position);

function recentOf(...written: number[]): RecentEvents {
  const recent = new RecentEvents();
  for (const position of written) recent.add(at(position), 1);
  return recent;
}

describe('RecentEvents', () => {
  it('gives what was written after a position, in order', () => {
    const recent = recentOf(5, 6, 7);
    expect(positions(recent.after(4, 10))).toEqual(['5', '6', '7']);
    expect(positions(recent.after(5, 1))).toEqual(['6']);
    expect(positions(recent.after(7, 10))).toEqual([]);
  });

  it('says so when something before what it knows may be missing', () => {
    expect(recentOf().after(0, 10)).toBeUndefined();
    expect(recentOf(5, 6).after(3, 10)).toBeUndefined();
  });

  it('begins anew behind a gap: what it gives has none', () => {
    const recent = recentOf(5, 6, 8, 9);
    expect(recent.after(5, 10)).toBeUndefined();
    expect(positions(recent.after(7, 10))).toEqual(['8', '9']);
  });

  it('is bounded, in events and in characters', () => {
    const many = recentOf(...Array.from({ length: 20_000 }, (_, index) => index + 1));
    expect(many.after(0, 10)).toBeUndefined();
    expect(positions(many.after(19_999, 10))).toEqual(['20000']);
    const large = new RecentEvents();
    for (let position = 1; position <= 100; position += 1) large.add(at(position), 1_000_000);
    expect(large.after(80, 100)).toBeUndefined();
    expect(positions(large.after(99, 10))).toEqual(['100']);
  });
});
