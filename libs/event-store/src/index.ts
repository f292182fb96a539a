export { eventMetadata } from './event-metadata';
export {
  type Appended,
  type AppendRequest,
  type Batch,
  type EventMetadata,
  type EventStore,
  type Expected,
  type NewEvent,
  type RecordedEvent,
} from './event-store';
export { foldStream, type Folded } from './fold-stream';
export { FollowedLog } from './followed-log';
export { openEventStore } from './open-event-store';
export { StreamFolds } from './stream-folds';
export { untilWon } from './until-won';
