import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fastify, { type FastifyInstance } from 'fastify';
import { giveLastAnswers } from './last-answers';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

describe('giveLastAnswers', () => {
  let server: FastifyInstance;
  let port: number;
  const responses: WeakRef<object>[] = [];
  let arrived: () => void = () => undefined;

  beforeEach(async () => {
    server = fastify();
    giveLastAnswers(server);
    server.get('/never', (_request, { raw }) => {
      responses.push(new WeakRef(raw));
      arrived();
      return new Promise(() => undefined);
    });
    await server.listen({ host: '127.0.0.1', port: 0 });
    ({ port } = server.server.address() as AddressInfo);
  });
  afterEach(() => server.close());

  it('keeps nothing of a request whose client has left before its answer', async () => {
    for (let nth = 0; nth < 20; nth += 1) {
      const isThere = new Promise<void>((resolve) => (arrived = resolve));
      const client = connect(port, '127.0.0.1');
      client.write('GET /never HTTP/1.1\r\nHost: x\r\n\r\n');
      await isThere;
      client.resetAndDestroy();
      await once(client, 'close');
    }
    let left = responses.length;
    for (const end = performance.now() + 5_000; left > 0 && performance.now() < end;) {
      await new Promise((resume) => setImmediate(resume));
      collect();
      left = responses.filter((response) => response.deref()).length;
    }
    expect([responses.length, left]).toEqual([20, 0]);
  });
});
