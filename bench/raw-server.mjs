// The limit that the hardware sets: plain node:http that answers a 208-byte JSON body. Every figure is a ratio to this.
import { createServer } from 'node:http';

const body = JSON.stringify({ data: 'x'.repeat(197) });
const headers = {
  'content-type': 'application/json; charset=utf-8',
  'content-length': Buffer.byteLength(body),
};
const server = createServer((_request, response) => response.writeHead(200, headers).end(body));
server.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${server.address().port}`));
