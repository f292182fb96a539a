import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 20;

/** Asks again and again until the answer fits; after `msMax` it fails with the last one. */
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
