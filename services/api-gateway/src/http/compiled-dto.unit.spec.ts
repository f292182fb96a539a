import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, IsString, validateSync } from 'class-validator';
import fc from 'fast-check';
import { compileDto } from './compiled-dto';
import { VALIDATION } from './validation';

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

/** Each fits some rule, or fails one by a hair. */
const values: readonly unknown[] = [
  ...[
    undefined,
    null,
    0,
    1,
    365,
    366,
    1.5,
    true,
    'true',
    '1',
    '0',
    '1000001',
    '',
    'x',
    'NAME',
    'a tag',
    '-name',
  ],
  ...['member', '2030-01-31T12:00:00Z', '2030-02-31T12:00:00Z', 'ada@team.example', 'ada@', '\0', '\ud800'],
  ...[
    'x'.repeat(10_001),
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
];
const any = fc.constantFrom(...values);

/** Mostly what fits the field by itself: a body of three fields would else hardly ever fit as a whole. */
function valueOf(dto: Type, name: string) {
  const fitting = values.filter(
    (value) => !errorsOf(dto, { [name]: value }).some(({ property }) => property === name),
  );
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...fitting) }, { weight: 1, arbitrary: any });
}

function holding(dto: Type) {
  const names = rulesOf(dto).map(({ propertyName }) => propertyName);
  const known = fc.record(Object.fromEntries(names.map((name) => [name, valueOf(dto, name)])), {
    requiredKeys: [],
  });
  return fc.oneof(
    { weight: 20, arbitrary: known },
    { weight: 2, arbitrary: fc.tuple(known, any).map(([fields, other]) => ({ ...fields, other })) },
    { weight: 1, arbitrary: any },
  );
}

function errorsOf(dto: Type, value: object) {
  return validateSync(plainToInstance(dto, value) as object, VALIDATION);
}

function isValid(dto: Type, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return errorsOf(dto, value).length === 0;
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
