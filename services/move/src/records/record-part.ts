import type { EventStore } from '#libs/event-store';
import { storeOwners, type StoreOwner } from '#libs/host';
import type { Document, ReadStore } from '#libs/read-store';
import { canonicalJson } from '../comparison/canonical-json';
import { definePart, type Part } from '../comparison/compare';
import { byBytes, rowsOf } from '../comparison/rows';
import { withPosition } from './log-positions';
import { RecordSink, type StoredRecord } from './record-sink';

type Stores = ReadonlyMap<StoreOwner, ReadStore>;

/** The records of every service, without projections, which the services build again from the log. */
export function recordPart(source: Stores, target: Stores, log: EventStore): Part {
  return definePart<StoredRecord>({
    name: 'records',
    source: () => recordsOf(source),
    target: () => recordsOf(target),
    order: inOrder,
    text: ({ document, ...place }) => canonicalJson([place, withPosition(document, '')]),
    label: ({ owner, collection, document }) => `the record ${document.id} in ${collection} of ${owner}`,
    sink: () => new RecordSink(target, log),
  });
}

async function* recordsOf(stores: Stores): AsyncGenerator<StoredRecord> {
  for (const owner of storeOwners) {
    const reads = stores.get(owner);
    if (!reads) continue;
    const { recordCollections } = await reads.contents();
    for (const collection of recordCollections) {
      const documents = rowsOf(
        (document: Document) => document.id,
        (page) => reads.listRecords(collection, page),
      );
      for await (const document of documents) yield { owner, collection, document };
    }
  }
}

function inOrder(a: StoredRecord, b: StoredRecord): number {
  const byOwner = storeOwners.indexOf(a.owner) - storeOwners.indexOf(b.owner);
  return byOwner || byBytes(a.collection, b.collection) || byBytes(a.document.id, b.document.id);
}
