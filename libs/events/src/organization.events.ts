/** Facts about an organization and its API keys, kept for ever; no personal data. */
export interface OrganizationCreated {
  readonly type: 'OrganizationCreated';
  readonly data: { readonly orgId: string; readonly name: string; readonly createdAt: string };
}

export interface ApiKeyIssued {
  readonly type: 'ApiKeyIssued';
  readonly data: {
    readonly keyId: string;
    readonly name: string;
    readonly scopes: readonly string[];
    /** Keyed hash of the key's text, hex: it authenticates nothing (libs/crypto, API keys). */
    readonly hash: string;
    readonly issuedAt: string;
    readonly expiresAt: string | null;
  };
}

export type OrganizationEvent = OrganizationCreated | ApiKeyIssued;
