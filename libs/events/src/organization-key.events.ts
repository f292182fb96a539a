/** Facts about the keys of an organization. They hold no key, not even a wrapped one. */
export interface KeyEncryptionKeyRotated {
  readonly type: 'KeyEncryptionKeyRotated';
  readonly data: {
    /** The generation of the organization key that wraps all undamaged data keys from now on. */
    readonly generation: number;
    readonly rotatedAt: string;
    /** How many data keys could not be wrapped again, because they do not unwrap. Above zero, an operator must look. */
    readonly damaged: number;
  };
}

export type OrganizationKeyEvent = KeyEncryptionKeyRotated;
