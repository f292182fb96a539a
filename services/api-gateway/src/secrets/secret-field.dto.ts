import { Matches } from 'class-validator';
import { fieldRule } from '../openapi/field-rule';

/** The rules of the REST contract for the fields of a secret, as decorators. */

export const NAME = /^[A-Z][A-Z0-9_]{0,254}$/;
const TAG = /^[a-z0-9][a-z0-9_.:-]{0,62}$/;
const TAGS_MAX = 20;
const VALUE_CHARACTERS_MAX = 10_000;
const VALUE_BYTES_MAX = 40_000;
const DESCRIPTION_CHARACTERS_MAX = 1_000;
/** No engine of the read store can look for a NUL. */
const SEARCH_TEXT = /^[^\0]{1,255}$/u;

export const isSecretName = (text: string) => NAME.test(text);
export const isTag = (text: string) => TAG.test(text);

export const IsSecretName = () =>
  fieldRule({
    name: 'secretName',
    message: 'must start with A to Z and hold only A to Z, 0 to 9 and _, at most 255 characters',
    schema: { type: 'string', pattern: NAME.source, examples: ['STRIPE_WEBHOOK_SECRET'] },
    validate: (value) => typeof value === 'string' && isSecretName(value),
  });

export const IsSecretValue = () =>
  fieldRule({
    name: 'secretValue',
    message:
      'must be text of 1 to 10,000 characters and at most 40,000 bytes of UTF-8, without lone surrogates',
    schema: {
      type: 'string',
      minLength: 1,
      maxLength: VALUE_CHARACTERS_MAX,
      description: 'Comes back byte for byte. At most 40,000 bytes of UTF-8.',
      examples: ['whsec_abc123...'],
    },
    validate: isSecretValue,
  });

export const IsDescription = () =>
  fieldRule({
    name: 'description',
    message: 'must be text of at most 1,000 characters, without lone surrogates',
    schema: {
      type: ['string', 'null'],
      maxLength: DESCRIPTION_CHARACTERS_MAX,
      examples: ['Signs the events of our shop'],
    },
    validate: (value) => value === null || (isText(value) && characters(value) <= DESCRIPTION_CHARACTERS_MAX),
  });

export const IsTags = () =>
  fieldRule({
    name: 'tags',
    message: 'must be at most 20 different tags, each of a to z, 0 to 9, _ . : - and at most 63 characters',
    schema: {
      type: ['array', 'null'],
      items: { type: 'string', pattern: TAG.source },
      maxItems: TAGS_MAX,
      uniqueItems: true,
      examples: [['payments', 'env:live']],
    },
    validate: (value) => value === null || (Array.isArray(value) && areTags(value)),
  });

export const IsExpiry = () =>
  fieldRule({
    name: 'expiry',
    message: 'must be a time such as 2030-01-31T12:00:00Z',
    schema: { type: ['string', 'null'], format: 'date-time', examples: ['2030-01-31T12:00:00Z'] },
    validate: (value) => value === null || (typeof value === 'string' && isTime(value)),
  });

// What `date-time` of JSON Schema takes (RFC 3339). Date.parse takes much more, and differs from engine to engine.
const TIME =
  /^(\d{4})-(\d{2})-(\d{2})T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

export const IsCount = (max: number) =>
  fieldRule({
    name: 'count',
    message: `must be a whole number from 1 to ${max}`,
    schema: { type: 'integer', minimum: 1, maximum: max },
    validate: (value) => isCount(value, max),
  });

export const IsOneOf = (choices: readonly string[]) =>
  fieldRule({
    name: 'oneOf',
    message: `must be one of ${choices.join(', ')}`,
    schema: { type: 'string', enum: choices },
    validate: (value) => choices.includes(value as string),
  });

export const IsFlag = () =>
  fieldRule({
    name: 'flag',
    message: 'must be one of true, false',
    schema: { type: 'boolean' },
    validate: (value) => value === 'true' || value === 'false',
  });

export const IsSearchText = () =>
  fieldRule({
    name: 'searchText',
    message: 'must be text of 1 to 255 characters, without NUL and lone surrogates',
    schema: { type: 'string', pattern: SEARCH_TEXT.source },
    validate: (value) => isText(value) && SEARCH_TEXT.test(value),
  });

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
