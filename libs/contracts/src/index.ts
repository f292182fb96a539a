export { authenticate } from './access/authenticate';
export {
  actions,
  may,
  roles,
  scopes,
  scopesOf,
  type Action,
  type Rights,
  type Role,
  type Scope,
} from './access/permissions';
export { callerSchema, type Caller } from './caller';
export { defineMessage, type Message, type ReplyOf, type RequestOf } from './message';
export { checkAccess, checkSecretsCommand, checkSecretsQuery, statesOf } from './readiness';
export { createSecret } from './secrets/create-secret';
export { deleteSecret } from './secrets/delete-secret';
export { getSecret } from './secrets/get-secret';
export { listSecretVersions } from './secrets/list-secret-versions';
export { listSecrets, secretSortFields } from './secrets/list-secrets';
export { revealSecret } from './secrets/reveal-secret';
export { presentSecret, type SecretMetadata } from './secrets/secret-metadata';
export { updateSecret } from './secrets/update-secret';
