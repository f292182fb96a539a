import { Redacted } from '#libs/kernel';
import fc from 'fast-check';
import type { LogFields } from './log-fields';
import { createLogger } from './logger';

const CANARY = 'Canary-7f3a9c';

function recordingLogger(level: 'info' | 'warn' | 'error' | 'silent' = 'info') {
  const lines: string[] = [];
  const logger = createLogger({
    level,
    service: 'access',
    destination: { write: (line) => lines.push(line) },
  });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> };
}

describe('createLogger', () => {
  it('writes one JSON object a line, with level, time, service, event and the fields', () => {
    const { logger, lines, last } = recordingLogger();
    logger.info('request answered', { request_id: 'r-1', status: 200, duration_ms: 1.5 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) as string,
      service: 'access',
      event: 'request answered',
      request_id: 'r-1',
      status: 200,
      duration_ms: 1.5,
    });
  });

  it('drops every field that is not listed, and every listed one of another type', () => {
    const { logger, lines, last } = recordingLogger();
    const smuggled = {
      value: CANARY,
      password: CANARY,
      req: { headers: { authorization: CANARY } },
      constructor: CANARY,
      toString: CANARY,
      err: new Error(CANARY),
      host: { name: CANARY },
      reason: new Redacted(CANARY),
      status: CANARY,
      request_id: [CANARY],
      ['__proto__' as string]: CANARY,
    } as unknown as LogFields;
    logger.info('one', smuggled);
    logger.warn('two', smuggled);
    logger.error('three', smuggled);
    expect(lines.join('')).not.toContain(CANARY);
    expect(Object.keys(last())).toEqual(['level', 'time', 'service', 'event']);
  });

  it('does not take the text of an error for an event', () => {
    const { logger, lines, last } = recordingLogger();
    logger.error(`cannot open "${CANARY}"`);
    expect(last()).toMatchObject({ event: 'unnamed' });
    expect(lines.join('')).not.toContain(CANARY);
  });

  it('cuts long texts', () => {
    const { logger, last } = recordingLogger();
    logger.info('long', { route: 'x'.repeat(5_000), stack: 'y'.repeat(5_000) });
    expect(last()).toMatchObject({ route: 'x'.repeat(256), stack: 'y'.repeat(2_048) });
  });

  it('keeps below its level silent', () => {
    const { logger, lines } = recordingLogger('warn');
    logger.info('not this');
    logger.warn('this');
    expect(lines).toHaveLength(1);
  });

  it('encodes what could forge or disguise a line', () => {
    const { logger, lines, last } = recordingLogger();
    const forged = 'a\r\n{"level":"info"}\u2028b\u2029c\u001b[2Jd\u009b31me\u0000f\u202eg';
    logger.info('request answered', { route: forged });
    expect(lines).toHaveLength(1);
    // eslint-disable-next-line no-control-regex -- control characters are what it looks for
    expect(lines[0]?.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
    expect(last()['route']).toBe(forged);
  });

  it('writes any text on one line and gives it back unchanged', () => {
    const { logger, lines, last } = recordingLogger();
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        lines.length = 0;
        logger.info('request answered', { route: text });
        expect(lines.join('').split(/[\r\n\u0085\u2028\u2029]/)).toHaveLength(2);
        expect(last()['route']).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});
