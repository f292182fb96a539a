export { AppError, invalid, isAppError, type ErrorDetail } from './app-error';
export { base32Of } from './base32';
export { systemClock, type Clock } from './clock';
export { withDeadline } from './deadline';
export { entriesAtMost } from './entries-at-most';
export {
  configInvalid,
  integer,
  oneOf,
  optionalText,
  readEnv,
  readTogether,
  text,
  type Setting,
} from './env';
export { errorRegistry, type ErrorCode } from './error-registry';
export { idFromCommand, isId, newCommandId, newId, timedBytes, uuidV5 } from './ids';
export { isLoopback } from './loopback';
export { PeriodicTask } from './periodic-task';
export { publicRandomBytes } from './random-pool';
export { Redacted } from './redacted';
