import { idFromCommand, isId, newCommandId, newId, uuidV5 } from './ids';

describe('newId', () => {
  it('carries its type and 26 characters without i, l, o, u', () => {
    for (let round = 0; round < 1_000; round += 1)
      expect(newId('sec', new Date())).toMatch(/^sec_[0-9a-hjkmnp-tv-z]{26}$/);
  });

  it('sorts by age', () => {
    const ids = [1, 2, 3].map((second) => newId('key', new Date(second * 1_000)));
    expect([...ids].sort()).toEqual(ids);
  });

  it('does not repeat within a millisecond', () => {
    const now = new Date();
    expect(new Set(Array.from({ length: 10_000 }, () => newId('sec', now))).size).toBe(10_000);
  });
});

describe('isId', () => {
  it.each([
    '',
    'sec_',
    'SEC_01jd9x7k2m4n6p8q0r2s4t6v8w',
    'sec_01jd9x7k2m4n6p8q0r2s4t6v8',
    'sec_01jd9x7k2m4n6p8q0r2s4t6v8u',
    'key_01jd9x7k2m4n6p8q0r2s4t6v8w',
    'sec_01jd9x7k2m4n6p8q0r2s4t6v8w\n',
  ])('refuses %j', (text) => expect(isId('sec', text)).toBe(false));

  it('knows an id of its type', () => expect(isId('sec', newId('sec', new Date()))).toBe(true));
});

describe('idFromCommand', () => {
  it('gives one id per command', () => {
    const commandId = newCommandId(new Date());
    expect(idFromCommand('sec', commandId)).toBe(idFromCommand('sec', commandId));
    expect(idFromCommand('sec', commandId)).not.toBe(idFromCommand('sec', newCommandId(new Date())));
    expect(isId('sec', idFromCommand('sec', commandId))).toBe(true);
  });
});

describe('newCommandId', () => {
  it('is a UUID of version 7', () => {
    expect(newCommandId(new Date())).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
  });
});

describe('uuidV5', () => {
  it('never changes: event ids in existing logs depend on it', () => {
    expect(uuidV5('secret-org_1.sec_1', 'command', 0)).toBe('bedd0cb3-a0fd-52b6-8868-3b3840b292af');
  });

  it('tells lists of parts apart', () => {
    expect(uuidV5('ab', 'c')).not.toBe(uuidV5('a', 'bc'));
    expect(uuidV5('a', 1)).not.toBe(uuidV5('a', 11));
    expect(uuidV5('a')).not.toBe(uuidV5('a', ''));
  });
});
