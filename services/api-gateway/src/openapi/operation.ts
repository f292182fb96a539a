import { SetMetadata } from '@nestjs/common';
import type { Message } from '#libs/contracts';
import type { ErrorCode, newId } from '#libs/kernel';
import type * as v from 'valibot';

/** A JSON Schema of the dialect that OpenAPI 3.1 speaks (draft 2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The part of the OpenAPI document that a controller's routes stand in, and what their paths hold. */
export interface SectionDescription {
  readonly name: string;
  readonly description: string;
  /** One for each `:name` in a path of the controller. What no such parameter fits is answered with 404. */
  readonly parameters?: Readonly<Record<string, PathParameter>>;
}

export interface PathParameter {
  readonly description: string;
  readonly schema: JsonSchema;
}

type IdPrefix = Parameters<typeof newId>[0];

/** What `isId` takes (libs/kernel, ids), without anchors. */
export const idPattern = (prefix: IdPrefix) => `${prefix}_[0-9a-hjkmnp-tv-z]{26}`;

/** The id of a thing in a path. */
export const idParameter = (prefix: IdPrefix, description: string): PathParameter => ({
  description,
  schema: { type: 'string', pattern: `^${idPattern(prefix)}$` },
});

/** What the OpenAPI document says of a route beyond what the route says itself. Derived: docs/adr/0017. */
export type OperationDescription<Reply = unknown> = OperationName & {
  /** A few words, as in a list of contents. */
  readonly summary: string;
  /** What a caller must know and the schemas do not tell. */
  readonly description?: string;
  /** What the route answers with; absent when it answers without a body. */
  readonly reply?: v.GenericSchema<Reply>;
  /** Another status under which it answers with the same shape. */
  readonly replyAlsoAs?: number;
  /** Headers of a good answer that the message does not tell. */
  readonly headers?: readonly ReplyHeader[];
  /** Codes it may fail with, besides those that any route of its kind may. */
  readonly errors?: readonly ErrorCode[];
};

/** `create-secret` is the operation `createSecret`, and its fields tell which headers the route takes and gives. */
type OperationName = { readonly message: Message } | { readonly id: string };

export type ReplyHeader = 'location' | 'cache-control';

const OPERATION = 'hklst:operation';
const SECTION = 'hklst:section';
const PAGE = 'hklst:page';

/** Describes the routes of a controller; a controller without it, or a path parameter it leaves out, fails `npm run gen`. */
export const Section = (section: SectionDescription) => (controller: object) => {
  Reflect.defineMetadata(SECTION, section, controller);
};

/** Describes a route; the compiler holds the reply against what the method gives. A route without it fails `npm run gen`. */
export const Operation =
  <Reply = void>(operation: OperationDescription<Reply>) =>
  <Handler extends (...args: never[]) => Reply | Promise<Reply>>(
    _controller: object,
    _name: string,
    { value: handler }: TypedPropertyDescriptor<Handler>,
  ) => {
    if (handler) Reflect.defineMetadata(OPERATION, operation, handler);
  };

/** For a public route that gives a browser a page or a part of one: no operation of the API, so the document leaves it out. */
export const ServesPage = () => SetMetadata(PAGE, true);

export function servesPage(handler: object): boolean {
  return Reflect.getMetadata(PAGE, handler) === true;
}

export function sectionOf(controller: object): SectionDescription | undefined {
  return Reflect.getMetadata(SECTION, controller) as SectionDescription | undefined;
}

export function operationOf(handler: object): OperationDescription | undefined {
  return Reflect.getMetadata(OPERATION, handler) as OperationDescription | undefined;
}
