import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { gatherWrites } from './gather-writes';

const turns = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('gatherWrites', () => {
  it('lets what is written in one turn leave as one write, in order, what comes later as another; an end takes it along', async () => {
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
        gatherWrites(socket);
        socket.write(text);
      }
      await turns();
      expect(writes).toEqual([3]);
      gatherWrites(socket);
      socket.write('d');
      await all;
      expect(received).toBe('abcd');
      expect(writes).toEqual([3, 1]);
      gatherWrites(socket);
      socket.write('e');
      socket.write('f');
      socket.end();
      await once(accepted, 'end');
      expect(received).toBe('abcdef');
      expect(writes).toEqual([3, 1, 2]);
    } finally {
      for (const end of [socket, accepted]) end.destroy();
      server.close();
    }
  });
});
