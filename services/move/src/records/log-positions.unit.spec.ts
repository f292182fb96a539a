import { withPosition } from './log-positions';

describe('withPosition', () => {
  it('replaces positions at any depth, and nothing else', () => {
    const record = {
      id: '17',
      position: '17',
      outcome: {
        reply: { position: '12345678901234567890', revision: '17', list: [{ position: '1' }, '17'] },
      },
      place: { position: 'left' },
      number: { position: 17 },
      none: { position: null },
      time: null,
    };
    expect(withPosition(record, '99')).toEqual({
      id: '17',
      position: '99',
      outcome: { reply: { position: '99', revision: '17', list: [{ position: '99' }, '17'] } },
      place: { position: 'left' },
      number: { position: 17 },
      none: { position: null },
      time: null,
    });
  });

  it('keeps the order of members, so that an answer given again is the same text', () => {
    const record = { id: 'a', b: 1, a: 2 };
    expect(JSON.stringify(withPosition(record, '1'))).toBe(JSON.stringify(record));
  });
});
