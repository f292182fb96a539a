import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import type { Metrics, Logger } from '#libs/observability';
import type { MessageClient } from '#libs/transport';
import { ApiKeysController } from './api-keys/api-keys.controller';
import { ApiGuard } from './auth/api.guard';
import { MeController } from './auth/me.controller';
import { OidcController } from './auth/oidc.controller';
import { PresentedCredential } from './auth/presented-credential';
import { PreviousSession } from './auth/previous-session';
import { Refusals } from './auth/refusals';
import { RequestSource } from './auth/request-source';
import { SessionCookie } from './auth/session-cookie';
import { SessionsController } from './auth/sessions.controller';
import { SignInController } from './auth/sign-in.controller';
import { TotpController } from './auth/totp.controller';
import type { GatewayConfig } from './config';
import { OwnWrites } from './consistency/own-writes';
import { AppErrorFilter } from './errors/app-error.filter';
import { HealthController } from './health/health.controller';
import { DtoPipe } from './http/validation';
import { RateLimits } from './limits/rate-limits';
import { InvitationsController } from './members/invitations.controller';
import { MembersController } from './members/members.controller';
import { OrganizationsController } from './organizations/organizations.controller';
import { OpenApiController } from './pages/openapi.controller';
import { PagesController } from './pages/pages.controller';
import { SecretsController } from './secrets/secrets.controller';
import { ACCESS, CONFIG, LOGGER, METRICS, SECRETS_COMMAND, SECRETS_QUERY } from './tokens';

/** What the composition root opens for the gateway, and closes after the gateway has ended. */
export interface GatewayParts {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly access: MessageClient;
  readonly secretsCommand: MessageClient;
  readonly secretsQuery: MessageClient;
}

/**
 * Takes HTTP requests and sends messages. It authenticates, validates and forwards, and it holds no key and no store.
 */
@Module({})
export class GatewayModule {
  /** The OpenAPI document lists them in this order. */
  static readonly controllers = [
    PagesController,
    SignInController,
    OidcController,
    MeController,
    SessionsController,
    TotpController,
    SecretsController,
    OrganizationsController,
    MembersController,
    InvitationsController,
    ApiKeysController,
    HealthController,
    OpenApiController,
  ] as const;

  static register(parts: GatewayParts): DynamicModule {
    const { config, logger, metrics, access, secretsCommand, secretsQuery } = parts;
    return {
      module: GatewayModule,
      controllers: [...GatewayModule.controllers],
      providers: [
        { provide: ACCESS, useValue: access },
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: logger },
        { provide: METRICS, useValue: metrics },
        { provide: SECRETS_COMMAND, useValue: secretsCommand },
        { provide: SECRETS_QUERY, useValue: secretsQuery },
        { provide: APP_FILTER, useClass: AppErrorFilter },
        { provide: APP_GUARD, useClass: ApiGuard },
        { provide: APP_PIPE, useValue: new DtoPipe() },
        { provide: RateLimits, useValue: new RateLimits(config.rateLimits) },
        OwnWrites,
        Refusals,
        PresentedCredential,
        RequestSource,
        SessionCookie,
        PreviousSession,
      ],
    };
  }
}
