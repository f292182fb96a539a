import { buildMessage, Matches, ValidateBy } from 'class-validator';

/** The rules of the REST contract for the fields of a secret, as decorators. */

const NAME = /^[A-Z][A-Z0-9_]{0,254}$/;
const TAG = /^[a-z0-9][a-z0-9_.:-]{0,62}$/;
const TAGS_MAX = 20;
const VALUE_CHARACTERS_MAX = 10_000;
const VALUE_BYTES_MAX = 40_000;
const DESCRIPTION_CHARACTERS_MAX = 1_000;

/** One rule for a field: its message follows the field's name and never repeats what was sent. */
export const rule = (name: string, message: string, validate: (value: unknown) => boolean) =>
  ValidateBy({ name, validator: { validate, defaultMessage: buildMessage(() => message) } });

export const isSecretName = (text: string) => NAME.test(text);
export const isTag = (text: string) => TAG.test(text);

export const IsSecretName = () =>
  rule(
    'secretName',
    'must start with A to Z and hold only A to Z, 0 to 9 and _, at most 255 characters',
    (value) => typeof value === 'string' && isSecretName(value),
  );

export const IsSecretValue = () =>
  rule(
    'secretValue',
    'must be text of 1 to 10,000 characters and at most 40,000 bytes of UTF-8',
    isSecretValue,
  );

export const IsDescription = () =>
  rule(
    'description',
    'must be text of at most 1,000 characters',
    (value) => value === null || (isText(value) && characters(value) <= DESCRIPTION_CHARACTERS_MAX),
  );

export const IsTags = () =>
  rule(
    'tags',
    'must be at most 20 different tags, each of a to z, 0 to 9, _ . : - and at most 63 characters',
    (value) => value === null || (Array.isArray(value) && areTags(value)),
  );

export const IsExpiry = () =>
  rule(
    'expiry',
    'must be a time such as 2030-01-31T12:00:00Z',
    (value) => value === null || (typeof value === 'string' && isTime(value)),
  );

// ISO 8601 with a time zone; Date.parse alone takes much more, differently from engine to engine.
const TIME = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

export const IsCount = (max: number) =>
  rule('count', `must be a whole number from 1 to ${max}`, (value) => isCount(value, max));

export const IsOneOf = (choices: readonly string[]) =>
  rule('oneOf', `must be one of ${choices.join(', ')}`, (value) => choices.includes(value as string));

export const IsSearchText = () =>
  rule(
    'searchText',
    'must be text of 1 to 255 characters',
    (value) => isText(value) && value.length > 0 && value.length <= 255,
  );

export const IsTag = () => Matches(TAG, { message: 'must be a tag' });

function isSecretValue(value: unknown): boolean {
  if (!isText(value) || value.length === 0) return false;
  // A character is one or two code units and one to four bytes: most values need no counting.
  if (value.length * 3 <= VALUE_BYTES_MAX && value.length <= VALUE_CHARACTERS_MAX) return true;
  return characters(value) <= VALUE_CHARACTERS_MAX && Buffer.byteLength(value) <= VALUE_BYTES_MAX;
}

/** Text that survives UTF-8: a lone surrogate would come back changed. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

export function characters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** A time that exists and whose year has four digits in UTC as well, so that times compare as text. */
function isTime(text: string): boolean {
  const [, year, month, day] = TIME.exec(text) ?? [];
  const time = new Date(text);
  if (year === undefined || Number.isNaN(time.getTime())) return false;
  // Date takes the 30th of February for a day in March.
  const daysInMonth = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return Number(day) <= daysInMonth && /^\d{4}-/.test(time.toISOString());
}

function areTags(values: readonly unknown[]): boolean {
  const valid = values.every((value) => typeof value === 'string' && isTag(value));
  return valid && values.length <= TAGS_MAX && new Set(values).size === values.length;
}

function isCount(value: unknown, max: number): boolean {
  return typeof value === 'string' && /^[1-9]\d{0,8}$/.test(value) && Number(value) <= max;
}
