/** Facts about the keys of an organization; no key, in whatever wrapping, is among them. */
export interface KeyEncryptionKeyRotated {
  readonly type: 'KeyEncryptionKeyRotated';
  readonly data: {
    /** The generation that every data key is wrapped under from here on. */
    readonly generation: number;
    readonly rotatedAt: string;
    /** Data keys that could not be wrapped anew because they do not unwrap: above zero, somebody must look. */
    readonly damaged: number;
  };
}

export type OrganizationKeyEvent = KeyEncryptionKeyRotated;
