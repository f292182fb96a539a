import type * as v from 'valibot';

type ObjectSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>;

/** One message between services: its name on the wire and the exact shape of request and reply. */
export interface Message<Req extends ObjectSchema = ObjectSchema, Rep extends ObjectSchema = ObjectSchema> {
  readonly name: string;
  /** A query changes nothing, so the caller may repeat it; a command may be repeated only with its commandId. */
  readonly kind: 'query' | 'command';
  readonly request: Req;
  readonly reply: Rep;
}

export type RequestOf<M> = M extends Message<infer Req> ? v.InferOutput<Req> : never;
export type ReplyOf<M> = M extends Message<ObjectSchema, infer Rep> ? v.InferOutput<Rep> : never;

export function defineMessage<Req extends ObjectSchema, Rep extends ObjectSchema>(
  message: Message<Req, Rep>,
): Message<Req, Rep> {
  return message;
}
