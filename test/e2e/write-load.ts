import { seededRandom } from '#libs/testing';
import type { Answer, Api } from './api';

/** The state of a secret that the server has acknowledged to the client. */
export interface Known {
  /** The acknowledged values, in the order of their versions, from 1. */
  values: string[];
  description: string | null;
  deleted: boolean;
}

interface Write {
  readonly kind: 'create' | 'update' | 'describe' | 'delete';
  /** The new value or description. */
  readonly text: string;
}

export interface Ledger {
  readonly known: Known | undefined;
  /** A write that was sent but not answered, so its outcome is unknown. */
  readonly pending: Write | undefined;
}

const SECRETS_PER_CLIENT = 8;

/**
 * A client that sends one write after the other to its own secrets until the server is gone, and keeps a ledger of the
 * acknowledged writes. The choices depend on the seed alone.
 */
export class WritingClient {
  readonly ledgers = new Map<string, Ledger>();
  acknowledged = 0;
  /** Answers that the server must not give to these writes. */
  readonly surprises: string[] = [];

  /** Secrets with a write since their last check. */
  readonly #touched = new Set<string>();
  /** Creations that got no answer. */
  readonly #cutOff = new Set<string>();

  constructor(private readonly name: string) {}

  /** Runs until a request gets no answer, or `signal` says to send no more. */
  async run(api: Api, { seed, signal }: { seed: number; signal?: AbortSignal }): Promise<void> {
    const random = seededRandom(seed);
    for (let count = 0; !signal?.aborted; count += 1) {
      const secret = `${this.name}_${Math.floor(random() * SECRETS_PER_CLIENT)}`;
      const { known } = this.ledgers.get(secret) ?? {};
      const write = nextWrite(known, random(), `${seed}.${count} of ${secret}`);
      this.ledgers.set(secret, { known, pending: write });
      this.#touched.add(secret);
      const answer = await send(api, secret, write).catch(() => null);
      if (answer === null) {
        if (write.kind === 'create') this.#cutOff.add(secret);
        return;
      }
      if (answer.status >= 300) {
        this.ledgers.set(secret, { known, pending: undefined });
        // A creation that was cut off may have left a claim, which holds the name for a while (ADR 4).
        if (write.kind === 'create' && answer.status === 409 && this.#cutOff.has(secret)) continue;
        this.surprises.push(`${write.kind} ${secret}: ${answer.status} ${answer.text}`);
        return;
      }
      this.#cutOff.delete(secret);
      this.acknowledged += 1;
      this.ledgers.set(secret, { known: after(known, write), pending: undefined });
    }
  }

  /** Gives the secrets to check, in the order of their first write, and clears the list. */
  takeTouched(): string[] {
    const touched = [...this.#touched];
    this.#touched.clear();
    return touched;
  }

  touchAll(): void {
    for (const secret of this.ledgers.keys()) this.#touched.add(secret);
  }

  /** Stores the state that a check has found. It shows whether the pending write has happened. */
  settle(secret: string, known: Known | undefined): void {
    this.ledgers.set(secret, { known, pending: undefined });
  }
}

/** Gives the possible states of a secret: the acknowledged one, and the one after the pending write. */
export function possible({ known, pending }: Ledger): (Known | undefined)[] {
  return pending ? [known, after(known, pending)] : [known];
}

function nextWrite(known: Known | undefined, choice: number, text: string): Write {
  if (!known || known.deleted) return { kind: 'create', text };
  if (choice < 0.6) return { kind: 'update', text };
  return { kind: choice < 0.8 ? 'describe' : 'delete', text };
}

function after(known: Known | undefined, { kind, text }: Write): Known | undefined {
  if (kind === 'create') return { values: [text], description: null, deleted: false };
  if (!known) return undefined;
  if (kind === 'update') return { ...known, values: [...known.values, text] };
  return kind === 'delete' ? { ...known, deleted: true } : { ...known, description: text };
}

function send(api: Api, secret: string, { kind, text }: Write): Promise<Answer<unknown>> {
  if (kind === 'create') return api.create(secret, text);
  if (kind === 'delete') return api.delete(secret);
  return api.update(secret, kind === 'update' ? { value: text } : { description: text });
}
