export { AppError, invalid, isAppError, type ErrorDetail } from './app-error';
export { base32Of } from './base32';
export { systemClock, type Clock } from './clock';
export { withDeadline } from './deadline';
export { engineFor } from './engine-for';
export { entriesAtMost } from './entries-at-most';
export {
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
  type Setting,
  type ValuesOf,
} from './env';
export { errorRegistry, type ErrorCode } from './error-registry';
export { idFromCommand, isId, newCommandId, newId, timedBytes, uuidV5 } from './ids';
export { isLoopback } from './loopback';
export { PeriodicTask } from './periodic-task';
export { comparePositions, type Position } from './position';
export { portUnavailable } from './port-unavailable';
export { publicRandomBytes } from './random-pool';
export { Redacted } from './redacted';
