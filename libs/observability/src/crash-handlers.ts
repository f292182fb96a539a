import { errorFields } from './error-fields';
import type { Logger } from './logger';

/**
 * Ends the process with code 1 on whatever nobody caught. Node itself would print the error with its message
 * and the source line, and either may hold a value. What it warns of is logged likewise, as one line.
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
