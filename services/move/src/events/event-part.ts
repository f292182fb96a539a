import type { EventStore, RecordedEvent } from '#libs/event-store';
import { canonicalJson } from '../comparison/canonical-json';
import { definePart, type Part } from '../comparison/compare';
import { isAccessStream } from './access-category';
import { EventSink } from './event-sink';
import { readLog } from './read-log';

/** The log: its n-th event here must be its n-th event there. */
export function eventPart(source: EventStore, target: EventStore): Part {
  return definePart<RecordedEvent>({
    name: 'events',
    source: () => readLog(source),
    target: () => readLog(target),
    order: () => 0,
    text: ({ stream, revision, id, type, data, metadata }) => {
      const place = isAccessStream(stream) ? stream : `${stream} ${revision}`;
      return canonicalJson([place, id, type, data, metadata]);
    },
    label: ({ type, stream, revision }) => `the event ${type} at revision ${revision} of ${stream}`,
    sink: () => new EventSink(target),
  });
}
