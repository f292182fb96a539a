/**
 * Who did what, in streams that age out: the only events that may hold an address or a user agent.
 */
export interface SecretRead {
  readonly type: 'SecretRead';
  readonly data: {
    readonly secretId: string;
    readonly version: number;
    readonly readAt: string;
    readonly address: string | null;
    readonly userAgent: string | null;
  };
}

/** Somebody we know was refused something, or a key that we know was presented in vain. */
export interface AccessRefused {
  readonly type: 'AccessRefused';
  readonly data: {
    /** The action of the permission table that was asked for; null when the credential itself was refused. */
    readonly action: string | null;
    readonly cause: 'forbidden' | 'wrong-secret' | 'revoked' | 'expired' | 'address';
    /** How often within the time since the last such record; guesses come by the thousand. */
    readonly count: number;
    /** The latest of them. */
    readonly refusedAt: string;
    readonly address: string | null;
    readonly userAgent: string | null;
  };
}

export type AccessEvent = SecretRead | AccessRefused;
