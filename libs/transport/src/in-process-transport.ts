import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { MessageClient } from './message-client';
import { MessageDispatcher, unavailable, type ServerOptions } from './message-dispatcher';

/**
 * Makes client and server in one process. A message is a checked call: nothing is serialised, and a Redacted value
 * stays the object that it is. Give the strategy to Nest, and the client to whoever sends.
 */
export function createInProcessTransport(options: ServerOptions): {
  strategy: CustomTransportStrategy;
  client: MessageClient;
} {
  const dispatcher = new MessageDispatcher(options);
  return { strategy: new InProcessServer(dispatcher), client: createClient(dispatcher) };
}

class InProcessServer extends Server implements CustomTransportStrategy {
  constructor(private readonly dispatcher: MessageDispatcher) {
    super();
  }

  override addHandler(...[pattern, handler, , extras]: Parameters<Server['addHandler']>): void {
    this.dispatcher.add(pattern, handler, extras);
  }

  listen(listening: () => void): void {
    this.dispatcher.open();
    listening();
  }

  close(): Promise<void> {
    return this.dispatcher.close();
  }

  on(): void {
    throw new Error('There is no connection that could report anything');
  }

  unwrap(): never {
    throw new Error('There is no server behind this one');
  }
}

function createClient(dispatcher: MessageDispatcher): MessageClient {
  let isClosed = false;
  return {
    send: (message, request, context) =>
      // The dispatcher has checked the reply against the contract that its type is made of.
      isClosed
        ? Promise.reject(unavailable())
        : (dispatcher.dispatch(message.name, request, context) as never),
    async ping() {
      if (isClosed) throw unavailable();
      dispatcher.ping();
    },
    async close() {
      isClosed = true;
    },
  };
}
