import { fieldRule } from './field-rule';

// What `date-time` of JSON Schema takes (RFC 3339). Date.parse accepts much more, and what it accepts differs from engine
// to engine.
const TIME =
  /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

/** When something expires; null for never. */
export const IsExpiry = () =>
  fieldRule({
    name: 'expiry',
    message: 'must be a time such as 2030-01-31T12:00:00Z',
    schema: { type: ['string', 'null'], format: 'date-time', examples: ['2030-01-31T12:00:00Z'] },
    validate: (value) => value === null || (typeof value === 'string' && isTime(value)),
  });

/** Writes a time as all times of ours are written. */
export function utc(time: string | null | undefined): string | null | undefined {
  return typeof time === 'string' ? new Date(time).toISOString() : time;
}

/** True for a time that exists and whose year has four digits in UTC as well, so that times compare as text. */
function isTime(text: string): boolean {
  const [, year, month, day] = TIME.exec(text) ?? [];
  const time = new Date(text);
  if (year === undefined || Number.isNaN(time.getTime())) return false;
  // Date takes the 30th of February for a day in March.
  const daysInMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return Number(day) <= daysInMonth && /^\d{4}-/.test(time.toISOString());
}
