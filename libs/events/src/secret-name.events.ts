/** The claim on a name, one stream per (organization, name): whoever appends at the exact revision wins. */
export interface SecretNameClaimed {
  readonly type: 'SecretNameClaimed';
  readonly data: { readonly secretId: string; readonly claimedAt: string };
}

export interface SecretNameReleased {
  readonly type: 'SecretNameReleased';
  readonly data: { readonly secretId: string };
}

export type SecretNameEvent = SecretNameClaimed | SecretNameReleased;

/** Who holds a name after the last event of its stream; null when nobody does. */
export function nameHolder(last: { readonly type: string; readonly data: unknown } | undefined) {
  if (last?.type !== 'SecretNameClaimed') return null;
  return last.data as SecretNameClaimed['data'];
}
