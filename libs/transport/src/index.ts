export { Handles } from './handles';
export { createInProcessTransport } from './in-process-transport';
export { DEADLINE_MS, type MessageClient, type MessageContext } from './message-client';
export { type MutualTls } from './mutual-tls';
export { createTcpClient, type TcpMessageClient } from './tcp-client';
export { type TcpAddress } from './tcp-connection';
export { createTcpServer } from './tcp-server';
