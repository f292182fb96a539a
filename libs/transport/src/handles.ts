import { applyDecorators, Catch, UseFilters, type RpcExceptionFilter } from '@nestjs/common';
import { MessagePattern } from '@nestjs/microservices';
import { PARAM_ARGS_METADATA } from '@nestjs/microservices/constants';
import type { Message, ReplyOf, RequestOf } from '#libs/contracts';
import type { MessageContext } from './message-client';

type Handler<M extends Message> = (request: RequestOf<M>, context: MessageContext) => Promise<ReplyOf<M>>;

/**
 * Makes a controller's method the handler of a message; the types must agree with the contract. The method takes
 * the request and, if it wants, the context, needs no decorators on them, and throws AppErrors. The transport has
 * checked the request, and will check the reply.
 */
export function Handles<M extends Message>(message: M) {
  const register = applyDecorators(
    passAllArguments,
    MessagePattern(message.name, { message }),
    UseFilters(PassThroughFilter),
  );
  return <H extends Handler<M>>(
    target: object,
    method: string,
    descriptor: TypedPropertyDescriptor<H>,
  ): void => register(target, method, descriptor);
}

/**
 * Nest hands a method without decorated parameters the request alone. With its metadata there and empty, it calls
 * the method with all it was given, and skips its pipes: 0.5 µs a message, against 2.2 µs with decorated ones.
 */
function passAllArguments(target: object, method?: string | symbol): void {
  Reflect.defineMetadata(PARAM_ARGS_METADATA, {}, target.constructor, method ?? '');
}

/** Nest's own filter turns what is thrown into "Internal server error"; the dispatcher wants the error itself. */
@Catch()
class PassThroughFilter implements RpcExceptionFilter {
  catch(error: unknown): never {
    throw error;
  }
}
