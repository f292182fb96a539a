export { EventStoreDouble, type EventStoreDoubleOptions } from './event-store-double/event-store-double';
export { given, givenOrganization } from './given';
export { intercepted } from './intercepted';
export { openTestStores, TestClock, type TestStores } from './open-test-stores';
export { founded, invited, issued, joined, revoked } from './organization-builders';
export { created, deleted, someSealed, someSecret } from './secret-builders';
