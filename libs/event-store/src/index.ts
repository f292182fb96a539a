export { eventMetadata } from './event-metadata';
export {
  READ_LIMIT_MAX,
  type Appended,
  type AppendRequest,
  type Batch,
  type EventMetadata,
  type EventStore,
  type EventStoreOptions,
  type Expected,
  type JsonObject,
  type NewEvent,
  type RecordedEvent,
  type Revision,
} from './event-store';
export { foldStream, type Fold, type Folded } from './fold-stream';
export { FollowedLog } from './followed-log';
export { openEventStore } from './open-event-store';
export { StreamFolds } from './stream-folds';
export { untilWon } from './until-won';
