import { createLogger } from '#libs/observability';
import { createInProcessTransport } from './in-process-transport';
import { createService, describeTransport } from './transport.contract';

const DEADLINE_MS = 300;

describeTransport('createInProcessTransport', async () => {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    service: 'test',
    destination: { write: (line) => lines.push(line) },
  });
  const { strategy, client } = createInProcessTransport({ logger, deadlineMs: DEADLINE_MS });
  const app = await createService(strategy);
  await app.listen();
  return { client, lines, closeServer: () => app.close() };
});
