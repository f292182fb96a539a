import type { logCreator } from 'kafkajs';
import type { Logger, LogFields } from '#libs/observability';

/** These report every attempt to connect, and the first look at a new topic. The caller gets a failure anyway. */
const NOISY = new Set(['Connection', 'BrokerPool']);

/** Logs the client's errors without their text, which quotes what a server or a request said. */
export function kafkaLogger(logger: Logger): logCreator {
  return () =>
    ({ namespace, log }) => {
      if (NOISY.has(namespace)) return;
      logger.warn('kafka client reports an error', { component: `kafka ${namespace}`, ...fieldsOf(log) });
    };
}

function fieldsOf({ broker, retryCount }: Readonly<Record<string, unknown>>): LogFields {
  const [host, port] = typeof broker === 'string' ? broker.split(':') : [];
  return {
    host,
    port: port === undefined ? undefined : Number(port),
    attempt: typeof retryCount === 'number' ? retryCount : undefined,
  };
}
