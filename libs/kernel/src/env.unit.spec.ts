import { AppError, isAppError } from './app-error';
import {
  configInvalid,
  flag,
  integer,
  list,
  oneOf,
  optionalText,
  readEnv,
  readTogether,
  redacted,
  text,
} from './env';

const settings = {
  PORT: integer(8080, 0, 65_535),
  LEVEL: oneOf('info', ['info', 'warn']),
  NAME: text('x'),
  FILE: optionalText(),
};

describe('readEnv', () => {
  it('takes the defaults of what is not set or empty', () => {
    expect(readEnv({ NAME: '' }, settings)).toEqual({
      PORT: 8080,
      LEVEL: 'info',
      NAME: 'x',
      FILE: undefined,
    });
  });

  it('parses what is set and freezes the result', () => {
    const read = readEnv({ PORT: '0', LEVEL: 'warn', NAME: 'y', FILE: '/f' }, settings);
    expect(read).toEqual({ PORT: 0, LEVEL: 'warn', NAME: 'y', FILE: '/f' });
    expect(Object.isFrozen(read)).toBe(true);
  });

  it('names every bad setting, and no value', () => {
    const complaint = refusal(() => readEnv({ PORT: '99999', LEVEL: 'canary' }, settings));
    expect(complaint).toContain('PORT must be a whole number from 0 to 65535');
    expect(complaint).toContain('LEVEL must be one of info, warn');
    expect(complaint).not.toMatch(/canary|99999/);
  });

  it.each(['1e3', '0x10', ' 1', '1.5', 'Infinity'])('refuses %j as a whole number', (value) => {
    expect(refusal(() => readEnv({ PORT: value }, settings))).toContain('PORT');
  });
});

describe('flag', () => {
  it.each([
    ['true', true],
    ['on', true],
    ['false', false],
    ['off', false],
    ['', false],
  ])('reads %j as %p', (value, expected) => {
    expect(readEnv({ FLAG: value }, { FLAG: flag() }).FLAG).toBe(expected);
  });

  it('refuses anything else', () => {
    expect(refusal(() => readEnv({ FLAG: 'yes' }, { FLAG: flag() }))).toContain(
      'FLAG must be one of true, false',
    );
  });
});

describe('list', () => {
  const hosts = list('hosts', (entry) => /^[a-z]+$/.test(entry));

  it('takes entries apart at the commas, and leaves out what is empty', () => {
    expect(readEnv({ HOSTS: ' a, b,,c, ' }, { HOSTS: hosts }).HOSTS).toEqual(['a', 'b', 'c']);
    expect(readEnv({}, { HOSTS: hosts }).HOSTS).toEqual([]);
  });

  it('says what the entries must be, and repeats none', () => {
    expect(refusal(() => readEnv({ HOSTS: 'a,b1' }, { HOSTS: hosts }))).toBe(
      'Cannot start: HOSTS must be a list of hosts, separated by commas.',
    );
  });
});

describe('redacted', () => {
  it('keeps a value that is not printed', () => {
    const { PASSWORD } = readEnv({ PASSWORD: 'canary' }, { PASSWORD: redacted() });
    expect(PASSWORD?.expose()).toBe('canary');
    expect(String(PASSWORD)).not.toContain('canary');
    expect(readEnv({}, { PASSWORD: redacted() }).PASSWORD).toBeUndefined();
  });
});

describe('readTogether', () => {
  it('gives what every reader gives', () => {
    expect(readTogether({ one: () => 1, env: () => readEnv({}, { NAME: text('x') }) })).toEqual({
      one: 1,
      env: { NAME: 'x' },
    });
  });

  it('names every bad setting of all readers, and each once', () => {
    const readers = {
      host: () => readEnv({ PORT: 'x' }, settings),
      again: () => readEnv({ PORT: 'x' }, settings),
      pair: () => {
        throw configInvalid('FILE', 'and NAME must be set both');
      },
    };
    const complaint = refusal(() => readTogether(readers));
    expect(complaint).toBe(
      'Cannot start: PORT must be a whole number from 0 to 65535; FILE and NAME must be set both.',
    );
  });

  it('fails as a mistake of ours when a reader names no setting', () => {
    const reader = () => {
      throw new AppError('CONFIG_INVALID', { safeMessage: 'Something is wrong' });
    };
    expect(() => readTogether({ reader, good: () => 1 })).toThrow(TypeError);
  });
});

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isAppError(error, 'CONFIG_INVALID')) return error.safeMessage;
    throw error;
  }
  return 'no refusal';
}
