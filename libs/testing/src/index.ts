export { EventStoreDouble, type EventStoreDoubleOptions } from './event-store-double/event-store-double';
export { given, givenOrganization } from './given';
export { founded, invited, issued, joined, revoked } from './organization-builders';
export { created, deleted, someSealed, someSecret } from './secret-builders';
