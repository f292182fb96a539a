import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { oneWritePerTurn } from './one-write-per-turn';

describe('oneWritePerTurn', () => {
  it('lets what is written in one turn leave as one write, in order, and what comes later as another', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [[accepted]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [
      [typeof socket],
      unknown,
    ];
    const writes: number[] = [];
    const { _writev, _write } = socket;
    socket._writev = function (chunks, done) {
      writes.push(chunks.length);
      _writev?.call(this, chunks, done);
    };
    socket._write = function (chunk, encoding, done) {
      writes.push(1);
      _write.call(this, chunk, encoding, done);
    };
    try {
      let received = '';
      const all = new Promise<void>((resolve) =>
        accepted.setEncoding('utf8').on('data', (text: string) => {
          received += text;
          if (received.endsWith('d')) resolve();
        }),
      );
      for (const text of ['a', 'b', 'c']) {
        oneWritePerTurn(socket);
        socket.write(text);
      }
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(writes).toEqual([3]);
      oneWritePerTurn(socket);
      socket.write('d');
      await all;
      expect(received).toBe('abcd');
      expect(writes).toEqual([3, 1]);
    } finally {
      for (const end of [socket, accepted]) end.destroy();
      server.close();
    }
  });
});
