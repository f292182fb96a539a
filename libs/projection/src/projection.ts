import type { RecordedEvent } from '#libs/event-store';
import type { Change, CollectionSpec } from '#libs/read-store';

/** A read model: which events it reads, what it keeps, and what each event does to it. */
export interface Projection {
  /** Lower case and `-`; with the version it names checkpoint and lease. */
  readonly name: string;
  /** Raised with every change of what `apply` makes of an event; its collections carry it in their names. */
  readonly version: number;
  readonly collections: readonly CollectionSpec[];
  /** Stream categories it reads. */
  readonly categories: readonly string[];
  /** Event types it reads; others are never delivered. */
  readonly types: readonly string[];
  /** Pure. Payloads are full values, so applying an event twice changes nothing. */
  readonly apply: (event: RecordedEvent) => readonly Change[];
}
