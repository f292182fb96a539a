import { AppError, uuidV5 } from '#libs/kernel';
import { APPEND_BYTES_MAX, READ_LIMIT_MAX, type AppendRequest, type ReadRequest } from './event-store';
import { assertOwned } from './stream-name';

export interface CheckedEvent {
  readonly id: string;
  readonly type: string;
  /** JSON. */
  readonly data: string;
}

export interface CheckedAppend {
  readonly events: readonly CheckedEvent[];
  /** JSON, the same for every event of the append. */
  readonly metadata: string;
}

/** Gives the events ids and their final text. Fails with VALIDATION_FAILED for what no engine may write. */
export function checkAppend(request: AppendRequest): CheckedAppend {
  const { orgId, stream, events, metadata, firstIndex = 0 } = request;
  assertOwned({ orgId, stream });
  if (events.length === 0) throw invalid('An append holds at least one event');
  const metadataText = json(metadata);
  let bytes = 0;
  const checked = events.map(({ type, data }, index) => {
    if (type === '') throw invalid('An event has a type');
    const text = json(data);
    // EventStoreDB counts two bytes for each character of the type.
    bytes += Buffer.byteLength(text) + Buffer.byteLength(metadataText) + 2 * type.length;
    return { id: uuidV5(stream, metadata.commandId, firstIndex + index), type, data: text };
  });
  if (bytes > APPEND_BYTES_MAX) throw invalid(`An append holds at most ${APPEND_BYTES_MAX} bytes`);
  return { events: checked, metadata: metadataText };
}

/** Fails with VALIDATION_FAILED for a stream of another organization and for a bad limit. */
export function checkRead({ orgId, stream, limit }: ReadRequest): void {
  assertOwned({ orgId, stream });
  if (!(limit >= 1 && limit <= READ_LIMIT_MAX)) throw invalid(`A read gives 1 to ${READ_LIMIT_MAX} events`);
}

/** Refuses what JSON cannot hold, because JSON.stringify drops or changes it in silence. */
function json(value: object): string {
  try {
    const text = isJson(value) ? JSON.stringify(value) : '';
    if (text.startsWith('{')) return text;
  } catch (cause) {
    // Only a value that contains itself gets here, because the recursion overflows the stack.
    throw invalid('An event is a JSON object', cause);
  }
  throw invalid('An event is a JSON object');
}

function isJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'string' || typeof value === 'boolean' || value === null;
  }
  for (const key in value) {
    const inner: unknown = value[key as keyof typeof value];
    // Most fields of an event are text, so this saves most of the calls.
    if (typeof inner !== 'string' && !isJson(inner)) return false;
  }
  return true;
}

function invalid(safeMessage: string, cause?: unknown): AppError {
  return new AppError('VALIDATION_FAILED', { safeMessage, cause });
}
