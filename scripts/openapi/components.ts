import { isDeepStrictEqual } from 'node:util';

/** What the document keeps under a name of its own and refers to. */
export class Components {
  readonly #kinds: Record<string, Record<string, unknown>> = {};

  /** Keeps `content` and gives the reference to it. One name means one thing. */
  refer(kind: 'schemas' | 'responses' | 'headers' | 'parameters', name: string, content: object) {
    const named = (this.#kinds[kind] ??= {});
    if (named[name] !== undefined && !isDeepStrictEqual(named[name], content))
      throw new Error(`Two different ${kind} are called ${name}; rename one`);
    named[name] = content;
    return { $ref: `#/components/${kind}/${name}` };
  }

  /** All of them, by name, so that the document does not depend on which route came first. */
  all(): Record<string, Record<string, unknown>> {
    const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
    return Object.fromEntries(
      Object.entries(this.#kinds).map(([kind, named]) => [
        kind,
        Object.fromEntries(Object.entries(named).sort(byName)),
      ]),
    );
  }
}
