import type { Answer, Api } from './api';

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly role: string | null;
  readonly recovery_days: number;
  readonly created_at: string;
}

export interface Member {
  readonly id: string;
  readonly user_id: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly role: string;
  readonly joined_at: string;
}

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: string[];
  readonly allowed_ips: string[];
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
}

export interface NewApiKey extends ApiKey {
  readonly key: string;
}

/** Gives the id of the organization to which the caller's key belongs. */
export async function organizationOf(api: Api): Promise<string> {
  const { body } = await api.call<{ data: Organization[] }>('GET', 'organizations');
  return body.data[0]?.id ?? '';
}

/** Requests for the API keys of one organization, as an admin sends them. */
export class ApiKeyRoutes {
  constructor(
    private readonly api: Api,
    private readonly orgId: string,
  ) {}

  issue(
    fields: object,
    as: { key?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer<NewApiKey>> {
    return this.api.call('POST', this.#path(), { body: { name: 'A key', ...fields }, ...as });
  }

  list(as: { key?: string } = {}): Promise<Answer<{ data: ApiKey[] }>> {
    return this.api.call('GET', this.#path(), as);
  }

  revoke(id: string, as: { key?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
    return this.api.call('DELETE', `${this.#path()}/${id}`, as);
  }

  #path(): string {
    return `organizations/${this.orgId}/api-keys`;
  }
}
