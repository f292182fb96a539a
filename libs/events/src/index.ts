export { type AccessEvent, type SecretRead } from './access.events';
export { eventVersions, type EventType } from './event-versions';
export { type OrganizationEvent } from './organization.events';
export {
  hasEnded,
  organizationFold,
  recoveryDaysFold,
  type ApiKey,
  type Member,
  type OrganizationState,
} from './organization.fold';
export { type OrganizationKeyEvent } from './organization-key.events';
export { nameHolder, type SecretNameEvent } from './secret-name.events';
export { type SecretEvent, type SecretSnapshot, type SealedValue } from './secret.events';
export { isLiveAs, secretFold, type LiveSecret, type SecretState } from './secret.fold';
export { accessStream, keysStream, organizationStream, secretNameStream, secretStream } from './streams';
