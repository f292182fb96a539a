export { installCrashHandlers } from './crash-handlers';
export { errorFields } from './error-fields';
export { type LogFields } from './log-fields';
export { createLogger, type Logger, type LoggerOptions } from './logger';
export {
  createMetrics,
  type GaugeOptions,
  type HttpMetrics,
  type Metrics,
  type ObservedRequest,
} from './metrics';
export { createNestLogger } from './nest-logger';
