/** A claim on a name, in a stream per organization and name. The first to append at the exact revision has the name. */
export interface SecretNameClaimed {
  readonly type: 'SecretNameClaimed';
  readonly data: { readonly secretId: string; readonly claimedAt: string };
}

export interface SecretNameReleased {
  readonly type: 'SecretNameReleased';
  readonly data: { readonly secretId: string };
}

export type SecretNameEvent = SecretNameClaimed | SecretNameReleased;

/** Gives the claim that holds a name after the last event of its stream; null when the name is free. */
export function nameHolder(last: { readonly type: string; readonly data: unknown } | undefined) {
  if (last?.type !== 'SecretNameClaimed') return null;
  return last.data as SecretNameClaimed['data'];
}
