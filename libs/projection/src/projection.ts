import type { RecordedEvent } from '#libs/event-store';
import type { Change, CollectionSpec } from '#libs/read-store';

/** A read model: which events it reads, what it stores, and how it applies an event. */
export interface Projection {
  /** Lower case and `-`; with the version it names checkpoint and lease. */
  readonly name: string;
  /** Raised whenever `apply` gives other changes for an event. The names of the collections contain it. */
  readonly version: number;
  readonly collections: readonly CollectionSpec[];
  /** Stream categories it reads. */
  readonly categories: readonly string[];
  /** Event types it reads; others are never delivered. */
  readonly types: readonly string[];
  /** Pure. Events hold full values, so applying an event twice changes nothing. */
  readonly apply: (event: RecordedEvent) => readonly Change[];
}
