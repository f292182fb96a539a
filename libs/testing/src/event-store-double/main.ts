import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { EventStoreDouble } from './event-store-double';

/**
 * Runs the double as a process of its own, so that a test can kill or suspend it:
 * `node --require ./scripts/ts-hook.cjs libs/testing/src/event-store-double/main.ts --journal FILE [--port N]`.
 * Prints one line of JSON: `url` of the store, and `control`, where `POST /<switch>?value=<number>` sets a switch.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { port: { type: 'string' }, journal: { type: 'string' } } });
  const double = await EventStoreDouble.start({
    port: Number(values.port ?? 0),
    journalFile: values.journal,
  });
  const switches: Record<string, (value: number) => unknown> = {
    silence: (on) => double.faults.silence(on !== 0),
    'delay-answers': (ms) => (double.faults.answerDelayMs = ms),
    'cut-after-appends': (count) => (double.faults.cutAfterAppends = count),
    'drop-connections': () => double.dropConnections(),
    'end-subscriptions': () => double.endSubscriptions(),
    'fail-subscriptions': () => double.failSubscriptions(),
    'mute-subscriptions': () => double.muteSubscriptions(),
    refuse: () => double.refuse(),
    accept: () => double.accept(),
    restart: () => double.restart(),
  };
  const control = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://control');
    const work = request.method === 'POST' ? switches[pathname.slice(1)] : undefined;
    const done = Promise.resolve(work?.(Number(searchParams.get('value') ?? 1)));
    void done.then(() => response.writeHead(work ? 204 : 404).end());
  });
  control.listen(0, '127.0.0.1', () => {
    const { port } = control.address() as AddressInfo;
    process.stdout.write(`${JSON.stringify({ url: double.url, control: `http://127.0.0.1:${port}` })}\n`);
  });
}

void main();
