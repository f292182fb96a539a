import { isAppError } from './app-error';
import { integer, oneOf, optionalText, readEnv, text } from './env';

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

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isAppError(error, 'CONFIG_INVALID')) return error.safeMessage;
    throw error;
  }
  return 'no refusal';
}
