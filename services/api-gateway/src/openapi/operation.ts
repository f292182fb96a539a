import { SetMetadata } from '@nestjs/common';
import type { Message } from '#libs/contracts';
import type { ErrorCode, newId } from '#libs/kernel';
import type * as v from 'valibot';

/** A JSON Schema of the dialect that OpenAPI 3.1 uses (draft 2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * Describes the section of the OpenAPI document that holds a controller's routes, and the parameters of their paths.
 */
export interface SectionDescription {
  readonly name: string;
  readonly description: string;
  /** One for each `:name` in a path of the controller. A path whose parameter does not fit is answered with 404. */
  readonly parameters?: Readonly<Record<string, PathParameter>>;
}

export interface PathParameter {
  readonly description: string;
  readonly schema: JsonSchema;
}

type IdPrefix = Parameters<typeof newId>[0];

/** Gives the pattern of what `isId` accepts (libs/kernel, ids), without anchors. */
export const idPattern = (prefix: IdPrefix) => `${prefix}_[0-9a-hjkmnp-tv-z]{26}`;

/** Describes an id in a path. */
export const idParameter = (prefix: IdPrefix, description: string): PathParameter => ({
  description,
  schema: { type: 'string', pattern: `^${idPattern(prefix)}$` },
});

/** What the OpenAPI document says of a route and cannot derive from it (docs/adr/0017). */
export type OperationDescription<Reply = unknown> = OperationName & {
  /** A few words, as in a table of contents. */
  readonly summary: string;
  /** What a caller must know and the schemas do not say. */
  readonly description?: string;
  /** The body of the answer; absent when there is none. */
  readonly reply?: v.GenericSchema<Reply>;
  /** Another status with which the route gives the same shape. */
  readonly replyAlsoAs?: number;
  /** Headers of a successful answer that cannot be derived from the message. */
  readonly headers?: readonly ReplyHeader[];
  /** Codes of its failures, besides those that every route of its kind may give. */
  readonly errors?: readonly ErrorCode[];
};

/**
 * The message `create-secret` gives the operation `createSecret`. Its fields tell which headers the route takes and
 * gives.
 */
type OperationName = { readonly message: Message } | { readonly id: string };

export type ReplyHeader = 'location' | 'cache-control';

const OPERATION = 'hklst:operation';
const SECTION = 'hklst:section';
const PAGE = 'hklst:page';

/**
 * Describes the routes of a controller. `npm run gen` fails for a controller without it, and for a path parameter that
 * it leaves out.
 */
export const Section = (section: SectionDescription) => (controller: object) => {
  Reflect.defineMetadata(SECTION, section, controller);
};

/**
 * Describes a route. The compiler checks the reply against what the method gives. `npm run gen` fails for a route
 * without it.
 */
export const Operation =
  <Reply = void>(operation: OperationDescription<Reply>) =>
  <Handler extends (...args: never[]) => Reply | Promise<Reply>>(
    _controller: object,
    _name: string,
    { value: handler }: TypedPropertyDescriptor<Handler>,
  ) => {
    if (handler) Reflect.defineMetadata(OPERATION, operation, handler);
  };

/**
 * For a public route that gives a browser a page or a part of one. It is no operation of the API, so the document
 * leaves it out.
 */
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
