export { EventStoreDouble, type EventStoreDoubleOptions } from './event-store-double/event-store-double';
export { given } from './given';
export { intercepted } from './intercepted';
export { openTestStores, TestClock, type TestStores } from './open-test-stores';
export { created, deleted, someSealed, someSecret } from './secret-builders';
export { HoldingProxy } from './holding-proxy';
