/**
 * Stream names (design: streams and events). The first `-` ends the category, the organization comes
 * next, a `.` ends it; ids hold neither, so a name is read back without doubt.
 */
export const secretStream = (orgId: string, secretId: string) => `secret-${orgId}.${secretId}`;

/** The claim on a name. `nameDigest` is a keyed hash: stream names are not secret, secret names may be. */
export const secretNameStream = (orgId: string, nameDigest: string) => `secretname-${orgId}.${nameDigest}`;

export const organizationStream = (orgId: string) => `organization-${orgId}`;

/** What happened to the keys of an organization. */
export const keysStream = (orgId: string) => `keys-${orgId}`;

/** Reads and refusals of one UTC day; aged out as a whole. `at` is ISO 8601. */
export const accessStream = (orgId: string, at: string) =>
  `access-${orgId}.${at.slice(0, 10).replaceAll('-', '')}`;
