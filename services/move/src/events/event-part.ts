import type { RecordedEvent } from '#libs/event-store';
import { canonicalJson } from '../comparison/canonical-json';
import { definePart, type Part } from '../comparison/compare';
import type { OpenSide } from '../sides/open-side';
import { EventSink } from './event-sink';
import { readLog } from './read-log';

/** The log. The n-th event of the source must be the n-th event of the target (ADR 16). */
export function eventPart(source: OpenSide, target: OpenSide): Part {
  return definePart<RecordedEvent>({
    name: 'events',
    source: () => readLog(source.events),
    target: () => readLog(target.events),
    order: () => 0,
    text: ({ stream, revision, id, type, data, metadata }) => {
      const place = source.ages(stream) ? stream : `${stream} ${revision}`;
      return canonicalJson([place, id, type, data, metadata]);
    },
    label: ({ type, stream, revision }) => `the event ${type} at revision ${revision} of ${stream}`,
    sink: () => new EventSink(target),
  });
}
