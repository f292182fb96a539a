import { errorFields } from './error-fields';
import type { Logger } from './logger';

/**
 * Ends the process with code 1 on an error that nobody caught. Node itself would print the error's message and the line
 * of source, and either may hold a value. A warning of Node becomes one line in the log, for the same reason.
 */
export function installCrashHandlers(logger: Logger): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => logger.warn('runtime warning', errorFields(warning)));
  process.on('uncaughtException', (error) => crash(logger, 'uncaught exception', error));
  process.on('unhandledRejection', (reason) => crash(logger, 'unhandled rejection', reason));
}

/** The logger's destination flushes on exit. */
function crash(logger: Logger, event: string, error: unknown): never {
  try {
    logger.error(event, errorFields(error));
  } finally {
    process.exit(1);
  }
}
