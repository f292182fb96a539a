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

export type AccessEvent = SecretRead;
