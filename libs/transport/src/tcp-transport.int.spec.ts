import type { AddressInfo, Server } from 'node:net';
import { createLogger } from '#libs/observability';
import { createTcpClient } from './tcp-client';
import { createTcpServer } from './tcp-server';
import { createService, describeTransport } from './transport.contract';

const DEADLINE_MS = 300;

describeTransport('TCP transport', async () => {
  const lines: string[] = [];
  const logger = createLogger({
    level: 'info',
    service: 'test',
    destination: { write: (line) => lines.push(line) },
  });
  const strategy = createTcpServer({ host: '127.0.0.1', port: 0, logger, deadlineMs: DEADLINE_MS });
  const app = await createService(strategy);
  await app.listen();
  const { port } = strategy.unwrap<Server>().address() as AddressInfo;
  const addresses = [{ host: '127.0.0.1', port }];
  const client = createTcpClient({ addresses });
  return { client, lines, closeServer: () => app.close() };
});
