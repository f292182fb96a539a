import { ValidationPipe, type ArgumentMetadata, type Type, type ValidationError } from '@nestjs/common';
import { AppError, type ErrorDetail } from '#libs/kernel';
import { compileDto } from './compiled-dto';

const DETAILS_MAX = 50;
/** Names that class-validator takes for known, because objects inherit them, and those that Nest's pipe takes away. */
const INHERITED = new Set([...Object.getOwnPropertyNames(Object.prototype), '__proto__', 'prototype']);

/** How class-validator is asked. */
export const VALIDATION = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  stopAtFirstError: true,
} as const;

/** Validates bodies and queries against their DTO: unknown fields are refused, nothing is coerced or echoed. */
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
    // Every query field is optional, so an empty query is valid as it is; most requests have none.
    if (metadata.type === 'query' && isEmpty(value)) return {};
    if (metadata.metatype && this.#isValid(metadata.metatype, value)) return value;
    // Where every field is optional, no body at all, or null, would pass for an empty one.
    if (metadata.type === 'body' && (value === undefined || value === null))
      throw invalid([{ field: 'body', message: 'is missing' }]);
    const stray = strayField(value);
    if (stray !== undefined) throw invalid([{ field: stray, message: 'is not a known field' }]);
    return super.transform(value, metadata) as Promise<unknown>;
  }

  /** What is not goes on to class-validator, which says why. */
  #isValid(dto: Type, value: unknown): boolean {
    const known = this.#compiled.get(dto);
    if (known) return known(value);
    const compiled = compileDto(dto);
    this.#compiled.set(dto, compiled);
    return compiled(value);
  }
}

/** A refusal that names fields; messages never repeat what was sent. */
export function invalid(details: readonly ErrorDetail[]): AppError {
  const [first] = details;
  const safeMessage = first ? `Validation failed: ${first.field} ${first.message}` : undefined;
  return new AppError('VALIDATION_FAILED', {
    details: details.slice(0, DETAILS_MAX),
    ...(safeMessage && { safeMessage }),
  });
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

/** The first field, at whatever depth, that no DTO can know: its path, as `detailsOf` writes it. */
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

/** Unknown field names come from the client: cut to what an identifier needs. */
export function fieldName(property: string): string {
  return property.replaceAll(/[^\w.-]/g, '?').slice(0, 64);
}

function isEmpty(value: unknown): boolean {
  for (const _ in value as object) return false;
  return true;
}
