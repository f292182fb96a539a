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
    readonly cause:
      | ('forbidden' | 'wrong-secret' | 'revoked' | 'expired' | 'address')
      // Somebody said to be a person: the password was wrong, or the code; or it was right and the code was missing, as it
      // is before each sign-in at our own page; or nothing was looked at after too many failures.
      | ('wrong-password' | 'wrong-code' | 'missing-code' | 'locked-out');
    /** How often within the time since the last such record; guesses come by the thousand. */
    readonly count: number;
    /** The latest of them. */
    readonly refusedAt: string;
    readonly address: string | null;
    readonly userAgent: string | null;
  };
}

/** A session began, or its person proved again who they are. In the stream of the person's own organization. */
export interface SignedIn {
  readonly type: 'SignedIn';
  readonly data: {
    /** `ses_…`; the same again for who only proved it again. */
    readonly sessionId: string;
    readonly method: 'sign-up' | 'password' | 'passkey' | 'oidc';
    readonly secondFactor: 'totp' | 'recovery-code' | null;
    readonly signedInAt: string;
    readonly address: string | null;
    readonly userAgent: string | null;
  };
}

/** Sessions ended before their time. */
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

/** Another way to sign in as this person, or one less. */
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
