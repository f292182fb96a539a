import { fieldRule } from '../openapi/field-rule';
import { characters, isText } from '../secrets/secret-field.dto';

const LABEL_CHARACTERS_MAX = 100;
const CONTROL = /\p{Cc}/u;

/** What people call an organization or a key: one line. */
export const IsLabel = () =>
  fieldRule({
    name: 'label',
    message: `must be text of 1 to ${LABEL_CHARACTERS_MAX} characters, not only spaces and without control characters`,
    schema: {
      type: 'string',
      pattern: `^[^\\p{C}\\p{Z}]{1,${LABEL_CHARACTERS_MAX}}$`,
      examples: ['Payments'],
    },
    validate: (value) => isText(value) && isLabel(value),
  });

function isLabel(text: string): boolean {
  return text.trim() !== '' && characters(text) <= LABEL_CHARACTERS_MAX && !CONTROL.test(text);
}
