export { installCrashHandlers } from './crash-handlers';
export { errorFields } from './error-fields';
export { type LogFields } from './log-fields';
export { createLogger, type Logger } from './logger';
export { createMetrics, type Metrics } from './metrics';
export { createNestLogger } from './nest-logger';
