import { Injectable, Logger as NestLogger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { createLogger } from './logger';
import { createNestLogger } from './nest-logger';

const CANARY = 'Canary-7f3a9c';

function recordingNestLogger() {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    service: 'access',
    destination: { write: (line) => lines.push(line) },
  });
  return { nestLogger: createNestLogger(logger), lines };
}

@Module({})
class EmptyModule {}

class Missing {}

@Injectable()
class NeedsMissing {
  constructor(readonly missing: Missing) {}
}

@Module({ providers: [NeedsMissing] })
class BrokenModule {}

describe('createNestLogger', () => {
  afterAll(() => {
    NestLogger.overrideLogger(['error']);
  });

  it('keeps the start of an application silent', async () => {
    const { nestLogger, lines } = recordingNestLogger();
    const options: object = { logger: nestLogger };
    const app = await NestFactory.createApplicationContext(EmptyModule, options);
    await app.close();
    expect(lines).toEqual([]);
  });

  it('keeps an error with its component, name and frames, without its text', () => {
    const { nestLogger, lines } = recordingNestLogger();
    NestLogger.overrideLogger(nestLogger);
    new NestLogger('ExceptionsHandler').error(new TypeError(CANARY));
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      event: 'nest error',
      component: 'ExceptionsHandler',
      error_name: 'TypeError',
      stack: expect.stringContaining('nest-logger.unit.spec') as string,
    });
    expect(lines.join('')).not.toContain(CANARY);
  });

  it('lets no text through on any path', () => {
    const { nestLogger, lines } = recordingNestLogger();
    for (const level of ['log', 'error', 'warn', 'debug', 'verbose', 'fatal'] as const) {
      for (const message of [CANARY, new Error(CANARY), { value: CANARY }, [CANARY]]) {
        nestLogger[level]?.(message);
        nestLogger[level]?.(message, CANARY, CANARY);
        nestLogger[level]?.(message, new Error(CANARY).stack, `Context ${CANARY}`);
      }
    }
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('')).not.toContain(CANARY);
  });

  it('says which class a mistake in the wiring is in', async () => {
    const { nestLogger, lines } = recordingNestLogger();
    const options: object = { logger: nestLogger, abortOnError: false };
    const error: unknown = await NestFactory.createApplicationContext(BrokenModule, options).catch(
      (thrown: unknown) => thrown,
    );
    NestLogger.overrideLogger(nestLogger);
    new NestLogger('ExceptionHandler').error(error);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      error_name: 'UnknownDependenciesException',
      reason: expect.stringContaining('NeedsMissing') as string,
    });
  });
});
