import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, IsString, validateSync } from 'class-validator';
import fc from 'fast-check';
import { compileDto } from './compiled-dto';

const RULES = {
  whitelist: true,
  forbidNonWhitelisted: true,
  forbidUnknownValues: true,
  stopAtFirstError: true,
};

const root = path.join(__dirname, '..');
const load = createRequire(__filename);
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.dto.ts'),
);
const dtos = files
  .flatMap((file) => Object.values(load(path.join(root, file)) as Record<string, unknown>))
  .filter(isDto);

function isDto(exported: unknown): exported is Type {
  return typeof exported === 'function' && rulesOf(exported as Type).length > 0;
}

function rulesOf(dto: Type) {
  return getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
}

/** Fits some rule, or fails one by a hair. */
const field = fc.constantFrom<unknown>(
  ...[
    undefined,
    null,
    '',
    'x',
    'NAME',
    'a tag',
    'true',
    '1',
    '0',
    '1000001',
    'name',
    '-name',
    'member',
    'owner',
  ],
  ...[
    '2030-01-31T12:00:00Z',
    '2030-02-31T12:00:00Z',
    'ada@team.example',
    'ada@',
    '\0',
    '\ud800',
    'x'.repeat(10_001),
  ],
  ...[
    0,
    1,
    365,
    366,
    1.5,
    true,
    [],
    ['a'],
    ['a', 'a'],
    [null],
    ['secrets:read'],
    ['192.0.2.0/24'],
    ['192.0.2.0/64'],
  ],
  ...[
    {},
    { name: 'NAME' },
    { name: 'NAME', value: 'v' },
    { value: 'v', tags: null },
    { value: '' },
    { other: 1 },
  ],
);

const holding = (dto: Type) => {
  const names = rulesOf(dto).map(({ propertyName }) => propertyName);
  const fields = fc.record(Object.fromEntries(names.map((name) => [name, field])), { requiredKeys: [] });
  return fc.oneof(
    { weight: 20, arbitrary: fields },
    { weight: 2, arbitrary: fc.tuple(fields, field).map(([known, other]) => ({ ...known, other })) },
    { weight: 1, arbitrary: field },
  );
};

function isValid(dto: Type, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return validateSync(plainToInstance(dto, value) as object, RULES).length === 0;
}

describe('compileDto', () => {
  it('finds the DTOs of all routes', () => {
    expect(dtos.length).toBeGreaterThan(15);
  });

  it.each(dtos.map((dto) => [dto.name, dto] as const))(
    'takes what class-validator takes of a %s, and nothing else',
    (_, dto) => {
      const fits = compileDto(dto);
      let valid = 0;
      const same = fc.property(holding(dto), (value) => {
        if (Array.isArray(value)) return expect(fits(value)).toBe(false);
        valid += Number(fits(value));
        expect([value, fits(value)]).toEqual([value, isValid(dto, value)]);
      });
      fc.assert(same, { numRuns: 1_000 });
      expect(valid).toBeGreaterThan(0);
    },
  );

  it('takes no field by a name that objects inherit', () => {
    for (const dto of dtos) {
      const fits = compileDto(dto);
      for (const name of ['constructor', 'toString', 'prototype']) expect(fits({ [name]: 'x' })).toBe(false);
      expect(fits(JSON.parse('{"__proto__":{}}'))).toBe(false);
    }
  });

  it('refuses a rule that it does not know, rather than leaving it out', () => {
    class EachBody {
      @IsString({ each: true })
      list!: string[];
    }
    expect(() => compileDto(EachBody)).toThrow('EachBody.list');
  });
});
