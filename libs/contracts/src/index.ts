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
export { recordRefusal } from './access/record-refusal';
export type { ApiKeyView } from './api-keys/api-key-view';
export { IpRange } from './api-keys/ip-range';
export { issueApiKey } from './api-keys/issue-api-key';
export { listApiKeys } from './api-keys/list-api-keys';
export { revokeApiKey } from './api-keys/revoke-api-key';
export type { Caller } from './caller';
export { acceptInvitation } from './members/accept-invitation';
export { changeMemberRole } from './members/change-member-role';
export { inviteMember } from './members/invite-member';
export { listInvitations } from './members/list-invitations';
export { listMembers } from './members/list-members';
export type { InvitationView, MemberView } from './members/member-view';
export { removeMember } from './members/remove-member';
export { revokeInvitation } from './members/revoke-invitation';
export { defineMessage, type Message, type ReplyOf, type RequestOf } from './message';
export { changeOrganization } from './organizations/change-organization';
export { createOrganization } from './organizations/create-organization';
export { getOrganization } from './organizations/get-organization';
export { listOrganizations } from './organizations/list-organizations';
export type { OrganizationView } from './organizations/organization-view';
export { checkAccess, checkSecretsCommand, checkSecretsQuery } from './readiness';
export { createSecret } from './secrets/create-secret';
export { deleteSecret } from './secrets/delete-secret';
export { getLastRead } from './secrets/get-last-read';
export { getSecret } from './secrets/get-secret';
export { listSecretVersions } from './secrets/list-secret-versions';
export { listSecrets, secretSortFields } from './secrets/list-secrets';
export { revealSecret } from './secrets/reveal-secret';
export { presentSecret, type SecretMetadata } from './secrets/secret-metadata';
export { updateSecret } from './secrets/update-secret';
export { confirmTotp } from './second-factors/confirm-totp';
export { disableTotp } from './second-factors/disable-totp';
export { enrolTotp } from './second-factors/enrol-totp';
export { renewRecoveryCodes } from './second-factors/renew-recovery-codes';
export { beginOidcReauthentication } from './oidc/begin-oidc-reauthentication';
export { beginOidcSignIn } from './oidc/begin-oidc-sign-in';
export { finishOidcFlow } from './oidc/finish-oidc-flow';
export { changePassword } from './passwords/change-password';
export { getSignInMethods } from './sessions/get-sign-in-methods';
export { listSessions } from './sessions/list-sessions';
export { reauthenticate } from './sessions/reauthenticate';
export { revokeSessions } from './sessions/revoke-sessions';
export { signIn } from './sessions/sign-in';
export { signOut } from './sessions/sign-out';
export { changeMe } from './users/change-me';
export { eraseMe } from './users/erase-me';
export { getMe } from './users/get-me';
export type { MeView } from './users/me-view';
export { signUp } from './users/sign-up';
