import type { Type } from '@nestjs/common';
import { buildMessage, ValidateBy, ValidateIf } from 'class-validator';
import type { ValidationMetadata } from 'class-validator/types/metadata/ValidationMetadata';
import type { JsonSchema } from '../openapi/operation';

interface FieldRule {
  readonly name: string;
  /** Stands after the name of the field, and never repeats what was sent. */
  readonly message: string;
  /** The same rule for readers of the API. A value that fits the schema must pass `validate`. */
  readonly schema: JsonSchema;
  readonly validate: (value: unknown) => boolean;
}

/** Makes one rule for a field of a body or a query. The rule is checked, and the OpenAPI document states it. */
export const fieldRule = ({ name, message, schema, validate }: FieldRule) =>
  ValidateBy(
    { name, validator: { validate, defaultMessage: buildMessage(() => message) } },
    { context: { schema } },
  );

/** The field's rules apply only when it is sent. `IsOptional` would let null pass as well. */
export const IfSent = () => ValidateIf((_, value) => value !== undefined);

const ABOUT = 'hklst:about';

/** Puts a sentence about a field of a body or a query into the OpenAPI document. */
export const About =
  (sentence: string): PropertyDecorator =>
  (dto, field) => {
    Reflect.defineMetadata(ABOUT, sentence, dto, field);
  };

export function aboutField(dto: { readonly prototype: object }, field: string): string | undefined {
  return Reflect.getMetadata(ABOUT, dto.prototype, field) as string | undefined;
}

const APART = 'hklst:apart';

/**
 * Says in the OpenAPI document that these fields of a body do not go together. The service that handles the request
 * checks it.
 */
export const NotTogether =
  (...fields: readonly string[]) =>
  (dto: object) => {
    Reflect.defineMetadata(APART, fields, dto);
  };

export function fieldsApart(dto: object): readonly string[] | undefined {
  return Reflect.getMetadata(APART, dto) as readonly string[] | undefined;
}

/** Gives the schema of a rule, from what class-validator keeps of the rule. */
export function schemaOfRule({ context }: { readonly context?: unknown }): JsonSchema | undefined {
  return (context as { schema?: JsonSchema } | undefined)?.schema;
}

/** Gives the class of the objects that a field with `@ValidateNested()` holds. */
export function nestedType({ target, propertyName }: ValidationMetadata): Type {
  const type = Reflect.getMetadata('design:type', (target as Type).prototype as object, propertyName) as Type;
  if (type.name !== 'Array' && type.name !== 'Object') return type;
  throw new Error(
    `${(target as Type).name}.${propertyName}: a list of objects has no schema; make it a fieldRule`,
  );
}
