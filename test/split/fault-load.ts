import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, Api, Metadata } from '../e2e/api';

const RETRY_MS = 50;

/** An acknowledged write. */
interface Acknowledged {
  readonly name: string;
  readonly version: number;
  readonly description: string;
}

/**
 * A client that creates a secret, gives it two more values, and continues with the next secret until it is stopped. It
 * repeats a write under the same Idempotency-Key until the write is acknowledged. So the log must hold each write once.
 */
export class FaultClient {
  readonly acknowledged: Acknowledged[] = [];
  /** The last acknowledged value of each secret, by name. */
  readonly values = new Map<string, string>();
  /** Answers that the server must not give, whatever fault there is. */
  readonly surprises: string[] = [];
  /** The number of attempts that were not acknowledged. */
  failures = 0;
  /** The time of each answer. A test may replace the list to begin a new measurement. */
  latenciesMs: number[] = [];

  constructor(
    private readonly api: Api,
    private readonly label: string,
  ) {}

  async run(signal: AbortSignal): Promise<void> {
    for (let count = 0; !signal.aborted; count += 1) {
      const name = `${this.label}_${count}`;
      for (const version of [1, 2, 3]) await this.#write(name, version);
    }
  }

  /** Repeats the write until it is acknowledged, because a write of unknown outcome could not be checked. */
  async #write(name: string, version: number): Promise<void> {
    const value = `value ${version} of ${name}`;
    const description = `${version} of ${name}`;
    const headers = { 'idempotency-key': `${name}-${version}` };
    for (;;) {
      const started = performance.now();
      const asked =
        version === 1
          ? this.api.create(name, value, { description }, headers)
          : this.api.update(name, { value, description }, headers);
      const answer: Answer<{ data: Metadata }> | null = await asked.catch(() => null);
      if (answer) this.latenciesMs.push(performance.now() - started);
      if (answer && answer.status < 300) {
        if (answer.body.data.version !== version)
          this.surprises.push(`${description} became version ${answer.body.data.version}`);
        this.acknowledged.push({ name, version, description });
        this.values.set(name, value);
        return;
      }
      this.failures += 1;
      const isExcused = answer === null || answer.status === 503 || isUnderWay(answer);
      if (!isExcused) this.surprises.push(`${description}: ${answer.status} ${answer.text}`);
      await delay(RETRY_MS);
    }
  }
}

/** True if an earlier attempt of the same write may still be running, in a process that hangs. */
function isUnderWay({ status, text }: Answer<unknown>): boolean {
  return status === 409 && /CONCURRENT_CHANGE|SECRET_NAME_TAKEN/.test(text);
}
