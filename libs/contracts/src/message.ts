import type * as v from 'valibot';

type ObjectSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>;

/** One message between services: its name on the wire and the exact shape of request and reply. */
export interface Message<Req extends ObjectSchema = ObjectSchema, Rep extends ObjectSchema = ObjectSchema> {
  readonly name: string;
  /**
   * The transport sends a query again when no answer comes, so a query changes nothing. The only exception: it may
   * append a record of itself under an id from its request. A command may be repeated only with its commandId.
   */
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
