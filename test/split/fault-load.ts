import { setTimeout as delay } from 'node:timers/promises';
import type { Answer, Api, Metadata } from '../e2e/api';

const RETRY_MS = 50;

/** A write that was acknowledged, in the order of its client. */
interface Acknowledged {
  readonly name: string;
  readonly version: number;
  readonly description: string;
}

/**
 * One client that writes for as long as it is let, and repeats what was not acknowledged under the same Idempotency-Key
 * until it is: each of its writes must then be in the log once. It creates a secret, gives it two more values, and
 * goes on with the next.
 */
export class FaultClient {
  readonly acknowledged: Acknowledged[] = [];
  /** What each secret was given last, by name. */
  readonly values = new Map<string, string>();
  /** Answers that no fault excuses. */
  readonly surprises: string[] = [];
  /** Tries that got no answer or a 503. */
  failures = 0;
  /** How long each answer took, until somebody takes the list away. */
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

  /** Ends with an acknowledgement, whatever happens meanwhile: an unknown outcome could not be checked. */
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

/** The first try of a repeated write may still be at work, in a process that hangs. */
function isUnderWay({ status, text }: Answer<unknown>): boolean {
  return status === 409 && /CONCURRENT_CHANGE|SECRET_NAME_TAKEN/.test(text);
}
