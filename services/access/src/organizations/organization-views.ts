import { Inject, Injectable } from '@nestjs/common';
import type { Caller, OrganizationView } from '#libs/contracts';
import type { OrganizationState } from '#libs/events';
import { AppError, type Clock } from '#libs/kernel';
import type { AccessConfig } from '../config';
import { CLOCK, CONFIG } from '../tokens';
import { actorIn } from './actor';

/** Builds the view of an organization that the caller gets. */
@Injectable()
export class OrganizationViews {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: AccessConfig,
  ) {}

  /** Fails with NOT_FOUND for a caller who is no member. */
  of(state: OrganizationState, caller: Caller): OrganizationView {
    const { organization } = state;
    if (!organization) throw new AppError('NOT_FOUND');
    const { rights } = actorIn(state, caller, this.clock.now().toISOString());
    return {
      id: organization.id,
      name: organization.name,
      kind: organization.kind,
      role: rights.role,
      recovery_days: organization.recoveryDays ?? this.config.recoveryDays,
      created_at: organization.createdAt,
    };
  }
}
