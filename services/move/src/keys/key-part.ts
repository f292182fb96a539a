import type { KeyPurpose, KeyStore, WrappedKey } from '#libs/key-store';
import { canonicalJson } from '../comparison/canonical-json';
import { definePart, type Part } from '../comparison/compare';
import { byBytes, rowsOf, RowSink } from '../comparison/rows';
import { patiently } from '../patiently';

/** Instance keys first: with them, but without the record of the root key, no service that needs keys starts. */
const purposes: readonly KeyPurpose[] = ['instance', 'organization', 'data'];

/** The wrapped keys. They are copied without being unwrapped, so a copy needs no root key. */
export function keyPart(source: KeyStore, target: KeyStore): Part {
  return definePart<WrappedKey>({
    name: 'keys',
    source: () => keysOf(source),
    target: () => keysOf(target),
    order: (a, b) => purposes.indexOf(a.purpose) - purposes.indexOf(b.purpose) || byBytes(a.id, b.id),
    text: (key) => canonicalJson({ ...key, wrapped: Buffer.from(key.wrapped).toString('base64') }),
    label: ({ purpose, id }) => `the ${purpose} key ${id}`,
    sink: () => new RowSink((key) => patiently(() => target.insert(key))),
  });
}

async function* keysOf(keys: KeyStore): AsyncGenerator<WrappedKey> {
  for (const purpose of purposes) {
    yield* rowsOf(
      (key: WrappedKey) => key.id,
      (page) => keys.list({ purpose, ...page }),
    );
  }
}
