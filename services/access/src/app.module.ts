import { Module, type DynamicModule } from '@nestjs/common';
import type { EventStore } from '#libs/event-store';
import { PeriodicPurge } from '#libs/host';
import { IdempotentAnswers } from '#libs/idempotency';
import { Keyring } from '#libs/key-store';
import type { Clock } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import { apiKeyIndex } from './api-keys/api-key-index.projection';
import { ApiKeyUses } from './api-keys/api-key-uses';
import { ApiKeys } from './api-keys/api-keys';
import { AuthenticateHandler } from './api-keys/authenticate.handler';
import { IssueApiKeyHandler } from './api-keys/issue-api-key.handler';
import { ListApiKeysHandler } from './api-keys/list-api-keys.handler';
import { NewApiKeys } from './api-keys/new-api-keys';
import { PresentedKeys } from './api-keys/presented-keys';
import { RevokeApiKeyHandler } from './api-keys/revoke-api-key.handler';
import type { AccessConfig } from './config';
import { CheckAccessHandler } from './health/check-access.handler';
import { Lockouts } from './lockouts/lockouts';
import { noMailer, type Mailer } from './mail/mailer';
import { EraseMeHandler } from './me/erase-me.handler';
import { Erasures } from './me/erasures';
import { MeViews } from './me/me-views';
import { MeHandler } from './me/me.handler';
import { PersonalRecords } from './me/personal-records';
import { AcceptInvitationHandler } from './members/accept-invitation.handler';
import { ChangeMemberRoleHandler } from './members/change-member-role.handler';
import { InvitationLinks } from './members/invitation-links';
import { Invitations } from './members/invitations';
import { InviteMemberHandler } from './members/invite-member.handler';
import { Joining } from './members/joining';
import { ListInvitationsHandler } from './members/list-invitations.handler';
import { ListMembersHandler } from './members/list-members.handler';
import { MemberViews } from './members/member-views';
import { RemoveMemberHandler } from './members/remove-member.handler';
import { RevokeInvitationHandler } from './members/revoke-invitation.handler';
import { BeginOidcFlowHandler } from './oidc/begin-oidc-flow.handler';
import { FinishOidcFlowHandler } from './oidc/finish-oidc-flow.handler';
import { Flows } from './oidc/flows';
import { Identities } from './oidc/identities';
import { OidcProvider } from './oidc/oidc-provider';
import { ProviderPeople } from './oidc/provider-people';
import { ChangeOrganizationHandler } from './organizations/change-organization.handler';
import { CreateOrganizationHandler } from './organizations/create-organization.handler';
import { FirstOrganization } from './organizations/first-organization';
import { GetOrganizationHandler } from './organizations/get-organization.handler';
import { ListOrganizationsHandler } from './organizations/list-organizations.handler';
import { memberIndex } from './organizations/member-index.projection';
import { Memberships } from './organizations/memberships';
import { OrganizationViews } from './organizations/organization-views';
import { Organizations } from './organizations/organizations';
import { PasswordHasher } from './passwords/password-hasher';
import { Passwords } from './passwords/passwords';
import { RecordRefusalHandler } from './refusals/record-refusal.handler';
import { RefusalRecords } from './refusals/refusal-records';
import { RecoveryCodes } from './second-factors/recovery-codes';
import { SecondFactors } from './second-factors/second-factors';
import { Totp } from './second-factors/totp';
import { TotpHandler } from './sign-in/totp.handler';
import { UsedCodes } from './second-factors/used-codes';
import { SessionRecords } from './sessions/session-records';
import { Sessions } from './sessions/sessions';
import { SessionsHandler } from './sessions/sessions.handler';
import { SignInTrail } from './sessions/sign-in-trail';
import { ChangePasswordHandler } from './sign-in/change-password.handler';
import { GetSignInMethodsHandler } from './sign-in/get-sign-in-methods.handler';
import { NewSessions } from './sign-in/new-sessions';
import { Proofs } from './sign-in/proofs';
import { ReauthenticateHandler } from './sign-in/reauthenticate.handler';
import { SignInHandler } from './sign-in/sign-in.handler';
import { FirstOwner } from './sign-up/first-owner';
import { NewUsers } from './sign-up/new-users';
import { SignUpTickets } from './sign-up/sign-up-tickets';
import { SignUpHandler } from './sign-up/sign-up.handler';
import {
  API_KEY_INDEX,
  CLOCK,
  CONFIG,
  EVENT_STORE,
  FORGET_FIRST_KEY,
  LOGGER,
  MAILER,
  MEMBER_INDEX,
  OIDC_PROVIDER,
  PUBLIC_URL,
  READ_STORE,
} from './tokens';
import { Pseudonyms } from './users/pseudonyms';
import { Users } from './users/users';

/** The parts that the composition root opens for this service, and closes after it. */
export interface AccessParts {
  readonly config: AccessConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventStore;
  readonly keyring: Keyring;
  /** The read store of this service alone. */
  readonly reads: ReadStore;
  /** Removes every file that holds the first API key. */
  readonly forgetFirstKey: () => Promise<void>;
  /**
   * Gives the URL of the installation. It is a function, because a port that the system chooses is known only after the
   * start.
   */
  readonly publicUrl: () => string;
}

const handlers = [
  CheckAccessHandler,
  AuthenticateHandler,
  RecordRefusalHandler,
  ListOrganizationsHandler,
  CreateOrganizationHandler,
  GetOrganizationHandler,
  ChangeOrganizationHandler,
  ListMembersHandler,
  ChangeMemberRoleHandler,
  RemoveMemberHandler,
  InviteMemberHandler,
  ListInvitationsHandler,
  RevokeInvitationHandler,
  AcceptInvitationHandler,
  ListApiKeysHandler,
  IssueApiKeyHandler,
  RevokeApiKeyHandler,
  SignUpHandler,
  SignInHandler,
  ReauthenticateHandler,
  SessionsHandler,
  TotpHandler,
  GetSignInMethodsHandler,
  MeHandler,
  EraseMeHandler,
  ChangePasswordHandler,
  BeginOidcFlowHandler,
  FinishOidcFlowHandler,
];

const keyProviders = [ApiKeys, ApiKeyUses, NewApiKeys, PresentedKeys];
const organizationProviders = [FirstOrganization, Organizations, OrganizationViews];
const memberProviders = [Invitations, InvitationLinks, Joining, Memberships, MemberViews];
const signUpProviders = [FirstOwner, NewUsers, SignUpTickets];
const userProviders = [Users, Pseudonyms];
const meProviders = [MeViews, PersonalRecords, Erasures];
const sessionProviders = [Sessions, SessionRecords, SignInTrail, NewSessions];
const proofProviders = [Proofs, Lockouts, PasswordHasher, Passwords];
const secondFactorProviders = [SecondFactors, Totp, RecoveryCodes, UsedCodes];
const oidcProviders = [Flows, Identities, ProviderPeople];

/** Authenticates callers, and keeps organizations, their members and their keys. */
@Module({})
export class AccessModule {
  static register({ forgetFirstKey, publicUrl, ...parts }: AccessParts): DynamicModule {
    const { config, clock, logger, events, keyring, reads } = parts;
    return {
      module: AccessModule,
      controllers: handlers,
      providers: [
        { provide: CLOCK, useValue: clock },
        { provide: CONFIG, useValue: config },
        { provide: EVENT_STORE, useValue: events },
        { provide: FORGET_FIRST_KEY, useValue: () => forgetFirstKey().catch(keyFileStays(logger)) },
        { provide: LOGGER, useValue: logger },
        { provide: MAILER, useFactory: () => mailerOf(config, logger) },
        {
          provide: OIDC_PROVIDER,
          useValue: config.oidc && new OidcProvider({ settings: config.oidc, clock, logger }),
        },
        { provide: PUBLIC_URL, useValue: publicUrl },
        { provide: READ_STORE, useValue: reads },
        { provide: Keyring, useValue: keyring },
        {
          provide: API_KEY_INDEX,
          useFactory: () => new RunningProjection({ projection: apiKeyIndex, events, reads, logger }),
        },
        {
          provide: MEMBER_INDEX,
          useFactory: () => new RunningProjection({ projection: memberIndex, events, reads, logger }),
        },
        {
          provide: IdempotentAnswers,
          useFactory: () => new IdempotentAnswers({ reads, clock, keyring }),
        },
        {
          provide: PeriodicPurge,
          inject: [IdempotentAnswers, Invitations, Lockouts, SessionRecords, UsedCodes],
          useFactory: (...kept: { purge(): Promise<void> }[]) =>
            new PeriodicPurge({ logger, purges: kept.map((records) => () => records.purge()) }),
        },
        RefusalRecords,
        ...keyProviders,
        ...organizationProviders,
        ...memberProviders,
        ...signUpProviders,
        ...userProviders,
        ...meProviders,
        ...sessionProviders,
        ...proofProviders,
        ...secondFactorProviders,
        ...oidcProviders,
      ],
    };
  }
}

/** A file that cannot be removed stops no start and no sign-up; the next start tries again. */
function keyFileStays(logger: Logger) {
  return (error: unknown) => {
    const event = 'first-api-key not removed from the data directory; remove it by hand';
    logger.warn(event, errorFields(error));
  };
}

/** Loads the SMTP client only when mail is configured, because it takes three megabytes of memory. */
async function mailerOf({ mail }: AccessConfig, logger: Logger): Promise<Mailer> {
  if (!mail) return noMailer;
  const { SmtpMailer } = await import('./mail/smtp-mailer.js');
  return new SmtpMailer({ ...mail, logger });
}
