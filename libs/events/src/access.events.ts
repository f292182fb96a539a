/**
 * A value was read. The events of this file are in `access-` streams, which are deleted after a while, so only they may
 * hold an address or a user agent (ADR 1).
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

/** A known caller was refused an action, or somebody failed to authenticate as a known person or API key. */
export interface AccessRefused {
  readonly type: 'AccessRefused';
  readonly data: {
    /** The action of the permission table that was refused; null when the credential itself was refused. */
    readonly action: string | null;
    readonly cause:
      | ('forbidden' | 'wrong-secret' | 'revoked' | 'expired' | 'address')
      // Sign-in as a person. `missing-code`: the password was right, no code was sent, and five minutes later nobody was
      // signed in from there who had proved since to be that person. `locked-out`: after too many failures the proof was not looked at.
      | ('wrong-password' | 'wrong-code' | 'missing-code' | 'locked-out');
    /** How many refusals this record stands for. Thousands of guesses do not give thousands of records. */
    readonly count: number;
    /** When the last of them happened. */
    readonly refusedAt: string;
    readonly address: string | null;
    readonly userAgent: string | null;
  };
}

/** A session began, or its person proved again who they are. In the stream of the person's personal organization. */
export interface SignedIn {
  readonly type: 'SignedIn';
  readonly data: {
    /** `ses_…`. A re-authentication keeps the id. */
    readonly sessionId: string;
    readonly method: 'sign-up' | 'password' | 'passkey' | 'oidc';
    readonly secondFactor: 'totp' | 'recovery-code' | null;
    readonly signedInAt: string;
    readonly address: string | null;
    readonly userAgent: string | null;
  };
}

/** Sessions were ended before they expired. */
export interface SignedOut {
  readonly type: 'SignedOut';
  readonly data: {
    readonly sessionIds: readonly string[];
    readonly cause: 'sign-out' | 'revoked' | 'password-changed';
    readonly signedOutAt: string;
    readonly address: string | null;
    readonly userAgent: string | null;
  };
}

/** A way to sign in as this person was added, changed or removed. */
export interface CredentialChanged {
  readonly type: 'CredentialChanged';
  readonly data: {
    readonly credential: 'password' | 'totp' | 'recovery-codes' | 'passkey' | 'oidc';
    readonly change: 'added' | 'changed' | 'removed';
    readonly changedAt: string;
    readonly address: string | null;
    readonly userAgent: string | null;
  };
}

export type AccessEvent = SecretRead | AccessRefused | SignedIn | SignedOut | CredentialChanged;
