import { fieldRule } from './field-rule';

/** One of a fixed list of words. */
export const IsOneOf = (choices: readonly string[]) =>
  fieldRule({
    name: 'oneOf',
    message: `must be one of ${choices.join(', ')}`,
    schema: { type: 'string', enum: choices },
    validate: (value) => choices.includes(value as string),
  });

/** Tells whether a value is text that UTF-8 can carry. A lone surrogate would come back changed. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed();
}

/** Counts the characters of a text. Its `length` would count a character beyond U+FFFF twice. */
export function characters(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}
