import { Matches } from 'class-validator';
import { fieldRule } from '../fields/field-rule';
import { characters, isText } from '../fields/text-field.dto';

/** The rules of the REST contract for the fields of a secret, as decorators. */

export const NAME = /^[A-Z][A-Z0-9_]{0,254}$/;
const TAG = /^[a-z0-9][a-z0-9_.:-]{0,62}$/;
const TAGS_MAX = 20;
const VALUE_CHARACTERS_MAX = 10_000;
const VALUE_BYTES_MAX = 40_000;
const DESCRIPTION_CHARACTERS_MAX = 1_000;
/** No engine of the read store can search for a NUL. */
const SEARCH_TEXT = /^[^\0]{1,255}$/u;

export const IsSecretName = () =>
  fieldRule({
    name: 'secretName',
    message: 'must start with A to Z and hold only A to Z, 0 to 9 and _, at most 255 characters',
    schema: { type: 'string', pattern: NAME.source, examples: ['STRIPE_WEBHOOK_SECRET'] },
    validate: (value) => typeof value === 'string' && NAME.test(value),
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

export const IsCount = (max: number) =>
  fieldRule({
    name: 'count',
    message: `must be a whole number from 1 to ${max}`,
    schema: { type: 'integer', minimum: 1, maximum: max },
    validate: (value) => isCount(value, max),
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
  // A code unit is at most one character and three bytes, so most values need no counting.
  if (value.length * 3 <= VALUE_BYTES_MAX && value.length <= VALUE_CHARACTERS_MAX) return true;
  return characters(value) <= VALUE_CHARACTERS_MAX && Buffer.byteLength(value) <= VALUE_BYTES_MAX;
}

function areTags(values: readonly unknown[]): boolean {
  const valid = values.every((value) => typeof value === 'string' && TAG.test(value));
  return valid && values.length <= TAGS_MAX && new Set(values).size === values.length;
}

function isCount(value: unknown, max: number): boolean {
  return typeof value === 'string' && /^[1-9]\d{0,8}$/.test(value) && Number(value) <= max;
}
