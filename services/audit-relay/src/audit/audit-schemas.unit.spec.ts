import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import type { RecordedEvent } from '#libs/event-store';
import type { EventType } from '#libs/events';
import { toAuditMessage } from './audit-message';
import { auditTypes } from './audit-types';

const root = path.join(__dirname, '../../../..');
const document = parse(readFileSync(path.join(root, 'docs/asyncapi.yaml'), 'utf8')) as AsyncApi;
const golden = readdirSync(path.join(root, 'test/fixtures/events')).map((file) => {
  const text = readFileSync(path.join(root, 'test/fixtures/events', file), 'utf8');
  const recorded = { id: '6b2f1a52-7f3c-5d7e-8a90-4c1d2e3f4a5b', revision: '0', position: '1' };
  return { file, event: { ...(JSON.parse(text) as RecordedEvent), ...recorded } };
});

interface Ref {
  readonly $ref: string;
}
interface Schema {
  readonly $ref?: string;
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
}
interface AsyncApi {
  readonly channels: { readonly audit: { readonly messages: Readonly<Record<string, Ref>> } };
  readonly components: {
    readonly messages: Readonly<Record<string, { readonly name: string; readonly payload: Ref }>>;
    readonly schemas: Readonly<Record<string, Schema>>;
  };
}

const { messages, schemas } = document.components;
const messageOf = (type: string) => Object.values(messages).find(({ name }) => name === type);
const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
ajv.addSchema(document, 'asyncapi');
const validatorOf = ($ref: string): ValidateFunction => ajv.compile({ $ref: `asyncapi${$ref}` });

/** All fields that a schema lists, those of the schemas it builds on included. */
function fieldsOf(schema: Schema, list: 'properties' | 'required'): string[] {
  const own = list === 'required' ? (schema.required ?? []) : Object.keys(schema.properties ?? {});
  const base = schema.$ref === undefined ? [] : [schemas[schema.$ref.split('/').pop() ?? ''] ?? {}];
  return [...own, ...[...base, ...(schema.allOf ?? [])].flatMap((part) => fieldsOf(part, list))];
}

describe('docs/asyncapi.yaml', () => {
  it('describes every published type and no other', () => {
    const published = Object.values(auditTypes).flatMap((audit) => audit?.type ?? []);
    expect(
      Object.values(messages)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(published.sort());
    const onChannel = Object.values(document.channels.audit.messages).map(({ $ref }) => $ref);
    expect(onChannel).toEqual(Object.keys(messages).map((name) => `#/components/messages/${name}`));
  });

  it.each(golden)('describes the message of $file, field by field', ({ event }) => {
    const message = toAuditMessage(event);
    if (!message) {
      expect(auditTypes[event.type as EventType]).toBeNull();
      return;
    }
    const body = JSON.parse(message.body) as Record<string, unknown>;
    const payload = messageOf(message.headers['ce_type'] ?? '')?.payload ?? { $ref: '' };
    const validate = validatorOf(payload.$ref);
    expect([validate(body), validate.errors]).toEqual([true, null]);
    expect(fieldsOf(payload, 'properties').sort()).toEqual(Object.keys(body).sort());
    expect(fieldsOf(payload, 'required').sort()).toEqual(Object.keys(body).sort());

    const validateHeaders = validatorOf('#/components/schemas/headers');
    expect([validateHeaders(message.headers), validateHeaders.errors]).toEqual([true, null]);
    expect(fieldsOf({ $ref: 'headers' }, 'required').sort()).toEqual(Object.keys(message.headers).sort());
  });
});
