/**
 * Stream names (ADR 1). The category ends at the first `-`. The organization follows, and ends at a `.` where more
 * follows. Ids contain neither, so a name can be parsed without ambiguity.
 */
export const secretStream = (orgId: string, secretId: string) => `secret-${orgId}.${secretId}`;

/** The claims on a name. `nameDigest` is a keyed hash: stream names are not secret, names of secrets may be. */
export const secretNameStream = (orgId: string, nameDigest: string) => `secretname-${orgId}.${nameDigest}`;

export const organizationStream = (orgId: string) => `organization-${orgId}`;

/** The events about the keys of an organization. */
export const keysStream = (orgId: string) => `keys-${orgId}`;

/** Reads, sign-ins and refusals of one UTC day, which are deleted together. `at` is ISO 8601. */
export const accessStream = (orgId: string, at: string) =>
  `access-${orgId}.${at.slice(0, 10).replaceAll('-', '')}`;
