export { EventStoreDouble } from './event-store-double/event-store-double';
export { given, givenOrganization } from './given';
export { founded, invited, issued, joined, revoked } from './organization-builders';
export { intercepted } from './intercepted';
export { openTestStores, TestClock, type TestStores } from './open-test-stores';
export { created, deleted, someSealed, someSecret } from './secret-builders';
export { HoldingProxy } from './holding-proxy';
export { seededRandom } from './seeded-random';
export { Turns } from './turns';
