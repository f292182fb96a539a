/**
 * Every field that a log line may carry. Other fields are dropped, so a value cannot reach a line because it was passed
 * along with something else. Add a field only if it can never hold a value, a key, a raw URL or text from an error.
 */
const fieldTypes = {
  request_id: 'string',
  method: 'string',
  /** The route's pattern, `/api/v1/secrets/:id`; never the URL. */
  route: 'string',
  status: 'number',
  duration_ms: 'number',
  org_id: 'string',
  actor_type: 'string',
  actor_id: 'string',
  secret_id: 'string',
  key_id: 'string',
  /** The name of a message between services. */
  message_name: 'string',
  /** The path of a field as our own schema names it. */
  field: 'string',
  error_code: 'string',
  error_name: 'string',
  /** The code that the engine gave, such as `SQLITE_FULL`, or the system, such as `ENOSPC`. */
  cause_code: 'string',
  /** Frames only, as `errorFields` makes them. */
  stack: 'string',
  /** A fixed phrase of ours that says which case it was. */
  reason: 'string',
  component: 'string',
  store: 'string',
  projection: 'string',
  position: 'string',
  event_type: 'string',
  event_id: 'string',
  /** How the audit relay stands: in a word, since when the oldest event waits, and how many it has dealt with. */
  state: 'string',
  waiting_since: 'string',
  published: 'number',
  skipped: 'number',
  attempt: 'number',
  count: 'number',
  host: 'string',
  port: 'number',
  signal: 'string',
} as const;

type FieldTypes = typeof fieldTypes;
export type LogFields = {
  readonly [K in keyof FieldTypes]?: (FieldTypes[K] extends 'number' ? number : string) | undefined;
};

const MAX_TEXT = 256;
const MAX_STACK = 2_048;

/**
 * Gives the fields that may be written, cut to length. Names and types are checked, because the compiler's types do not
 * hold at run time.
 */
export function pickLogFields(fields: LogFields): Record<string, string | number> {
  const picked: Record<string, string | number> = {};
  for (const key in fields) {
    const name = key as keyof LogFields;
    const value = fields[name];
    // An inherited name such as `constructor` finds a function here, which no `typeof` equals.
    if (typeof value !== fieldTypes[name] || value === undefined) continue;
    picked[name] =
      typeof value === 'string' ? value.slice(0, name === 'stack' ? MAX_STACK : MAX_TEXT) : value;
  }
  return picked;
}
