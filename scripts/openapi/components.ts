import { isDeepStrictEqual } from 'node:util';

/** The parts of the document that have a name and are referred to. */
export class Components {
  readonly #kinds: Record<string, Record<string, unknown>> = {};

  /** Stores `content` and gives a reference to it. Fails when the name already stands for other content. */
  refer(kind: 'schemas' | 'responses' | 'headers' | 'parameters', name: string, content: object) {
    const named = (this.#kinds[kind] ??= {});
    if (named[name] !== undefined && !isDeepStrictEqual(named[name], content))
      throw new Error(`Two different ${kind} are called ${name}; rename one`);
    named[name] = content;
    return { $ref: `#/components/${kind}/${name}` };
  }

  /** Gives all parts, sorted by name, so that the order of the routes does not change the document. */
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
