import type { LoggerService } from '@nestjs/common';
import { errorFields } from './error-fields';
import type { Logger } from './logger';

// Mistakes in the wiring. Their text quotes only names of our classes and modules, and without it nobody could find the
// mistake.
const WIRING_ERRORS = new Set([
  'CircularDependencyException',
  'InvalidClassModuleException',
  'InvalidModuleException',
  'UndefinedDependencyException',
  'UndefinedForwardRefException',
  'UndefinedModuleException',
  'UnknownDependenciesException',
  'UnknownExportException',
]);

/**
 * Makes a logger for Nest's own messages. It drops reports of progress. It keeps warnings and errors without their
 * text, which may quote a request.
 */
export function createNestLogger(logger: Logger): LoggerService {
  const component = (parameters: unknown[]) => {
    const context = parameters.at(-1);
    return typeof context === 'string' && /^\w{1,64}$/.test(context) ? context : undefined;
  };
  const error = (message: unknown, ...parameters: unknown[]) => {
    const fields = message instanceof Error ? errorFields(message) : {};
    logger.error('nest error', { ...fields, ...wiringReason(message), component: component(parameters) });
  };
  return {
    log: () => undefined,
    debug: () => undefined,
    verbose: () => undefined,
    warn: (_message: unknown, ...parameters: unknown[]) =>
      logger.warn('nest warning', { component: component(parameters) }),
    error,
    fatal: error,
  };
}

function wiringReason(message: unknown): { reason?: string } {
  return message instanceof Error && WIRING_ERRORS.has(message.constructor.name)
    ? { reason: message.message }
    : {};
}
