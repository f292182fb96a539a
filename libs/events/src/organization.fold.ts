import type { ApiKeyIssued, OrganizationCreated, OrganizationEvent } from './organization.events';

export type ApiKey = ApiKeyIssued['data'];

/** What an organization's own stream says. */
export interface OrganizationState {
  readonly organization: OrganizationCreated['data'] | null;
  readonly keys: ReadonlyMap<string, ApiKey>;
}

export const noOrganization: OrganizationState = { organization: null, keys: new Map() };

/** Applies one recorded event; an unknown type is fatal, a right must never rest on half a history. */
export function evolveOrganization(
  state: OrganizationState,
  recorded: { readonly type: string; readonly data: unknown },
): OrganizationState {
  const event = recorded as OrganizationEvent;
  switch (event.type) {
    case 'OrganizationCreated':
      return { ...state, organization: event.data };
    case 'ApiKeyIssued':
      return { ...state, keys: new Map(state.keys).set(event.data.keyId, event.data) };
    default:
      throw new Error(`No fold for the event type ${recorded.type}`);
  }
}

/** How an organization's stream becomes its state. */
export const organizationFold = { initial: noOrganization, evolve: evolveOrganization };
