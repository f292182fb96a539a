export { CollectionCatalog } from './collection-catalog';
export { openReadStore } from './open-read-store';
export type { Change, CollectionSpec, Document, Query, ReadStore } from './read-store';
