import { ValidationPipe, type ArgumentMetadata, type Type, type ValidationError } from '@nestjs/common';
import { invalid, type ErrorDetail } from '#libs/kernel';
import { compileDto } from './compiled-dto';

/**
 * Names that class-validator takes for known because every object inherits them, and names that Nest's pipe removes.
 */
const INHERITED = new Set([...Object.getOwnPropertyNames(Object.prototype), '__proto__', 'prototype']);

/** The options for class-validator. */
export const VALIDATION = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  stopAtFirstError: true,
} as const;

/**
 * Validates bodies and queries against their DTO. It refuses unknown fields, converts no value, and repeats nothing
 * that was sent.
 */
export class DtoPipe extends ValidationPipe {
  readonly #compiled = new Map<Type, (value: unknown) => boolean>();

  constructor() {
    super({
      ...VALIDATION,
      transform: true,
      exceptionFactory: (errors) => invalid(errors.flatMap((error) => detailsOf(error, ''))),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // Every field of a query is optional, so an empty query is valid. Most requests have an empty one.
    if (metadata.type === 'query' && isEmpty(value)) return {};
    if (metadata.metatype && this.#isValid(metadata.metatype, value)) return value;
    // Without this, no body at all, or null, would pass for an empty body where every field is optional.
    if (metadata.type === 'body' && (value === undefined || value === null))
      throw invalid([{ field: 'body', message: 'is missing' }]);
    const stray = strayField(value);
    if (stray !== undefined) throw invalid([{ field: stray, message: 'is not a known field' }]);
    return super.transform(value, metadata) as Promise<unknown>;
  }

  /** Tells quickly whether a value is valid. class-validator then checks an invalid one again, to say what is wrong. */
  #isValid(dto: Type, value: unknown): boolean {
    const known = this.#compiled.get(dto);
    if (known) return known(value);
    const compiled = compileDto(dto);
    this.#compiled.set(dto, compiled);
    return compiled(value);
  }
}

function detailsOf({ property, constraints, children }: ValidationError, parent: string): ErrorDetail[] {
  const field = parent + fieldName(property);
  if (children?.length) return children.flatMap((child) => detailsOf(child, `${field}.`));
  const [constraint, message] = Object.entries(constraints ?? {})[0] ?? [];
  return [
    {
      field,
      message: constraint === 'whitelistValidation' ? 'is not a known field' : (message ?? 'is invalid'),
    },
  ];
}

/** Finds the first field, at any depth, that no DTO can know. Gives its path as `detailsOf` writes it. */
function strayField(value: unknown, parent = ''): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const field = parent + fieldName(name);
    if (INHERITED.has(name)) return field;
    const stray = strayField(inner, `${field}.`);
    if (stray !== undefined) return stray;
  }
  return undefined;
}

/**
 * Makes the name of a field safe to repeat. A client may send any name, so only the characters of an identifier stay.
 */
export function fieldName(property: string): string {
  return property.replaceAll(/[^\w.-]/g, '?').slice(0, 64);
}

function isEmpty(value: unknown): boolean {
  for (const _ in value as object) return false;
  return true;
}
