import { NestFactory } from '@nestjs/core';
import { createLogger } from '#libs/observability';
import { createInProcessTransport } from './in-process-transport';
import { describeTransport, TestModule } from './transport.contract';

const DEADLINE_MS = 300;

describeTransport('createInProcessTransport', async () => {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    service: 'test',
    destination: { write: (line) => lines.push(line) },
  });
  const { strategy, client } = createInProcessTransport({ logger, deadlineMs: DEADLINE_MS });
  const app = await NestFactory.createMicroservice(TestModule, { strategy, logger: false });
  await app.listen();
  return { client, lines, closeServer: () => app.close() };
});
