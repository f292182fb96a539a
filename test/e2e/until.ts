import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 20;

/** Repeats `ask` until `fits` accepts the answer. After `msMax` it fails with an error that shows the last answer. */
export async function until<T>(
  ask: () => Promise<T>,
  fits: (answer: T) => boolean,
  msMax = 5_000,
): Promise<T> {
  const end = performance.now() + msMax;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (performance.now() > end) throw new Error(`Not within ${msMax} ms; at last ${JSON.stringify(answer)}`);
    await delay(PAUSE_MS);
  }
}
