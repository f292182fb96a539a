import type { Type } from '@nestjs/common';
import { getMetadataStorage } from 'class-validator';
import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata';
import {
  aboutField,
  fieldsApart,
  nestedType,
  schemaOfRule,
} from '../../services/api-gateway/src/fields/field-rule';
import type { JsonSchema } from '../../services/api-gateway/src/openapi/operation';

export interface ObjectSchema extends JsonSchema {
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/**
 * Gives the schema of what a DTO accepts, from the rules on its fields. Throws for a rule without a known schema,
 * because the document would otherwise leave the rule out.
 */
export function requestSchema(dto: Type): ObjectSchema {
  const rules = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
  const fields = [...new Set(rules.map(({ propertyName }) => propertyName))].map((name) => {
    const own = rules.filter(({ propertyName }) => propertyName === name);
    return { name, schema: fieldSchema(dto, name, own), optional: own.some(isConditional) };
  });
  const apart = fieldsApart(dto);
  const required = fields.filter(({ optional }) => !optional).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(fields.map(({ name, schema }) => [name, schema])),
    ...(required.length > 0 && { required }),
    ...(apart && { not: { required: apart } }),
    additionalProperties: false,
  };
}

function fieldSchema(dto: Type, name: string, rules: readonly ValidationMetadata[]): JsonSchema {
  const schemas = rules.map((rule) => {
    const schema = schemaOfRule(rule) ?? known[rule.name ?? rule.type]?.(rule);
    if (schema) return schema;
    throw new Error(
      `${dto.name}.${name}: no schema is known for ${rule.name ?? rule.type}; make it a fieldRule`,
    );
  });
  const description = aboutField(dto, name);
  return Object.assign({}, ...schemas, description !== undefined && { description }) as JsonSchema;
}

const isConditional = ({ type }: ValidationMetadata) => type === 'conditionalValidation';

/** Schemas of the rules of class-validator that our DTOs use. */
const known: Record<string, ((rule: ValidationMetadata) => JsonSchema) | undefined> = {
  conditionalValidation: () => ({}),
  isDefined: () => ({}),
  isObject: () => ({ type: 'object' }),
  nestedValidation: (rule) => requestSchema(nestedType(rule)),
  matches: ({ constraints }) => ({ type: 'string', pattern: (constraints[0] as RegExp).source }),
};
