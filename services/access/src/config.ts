import { readEnv, text } from '#libs/kernel';

/** Settings of the access service. */
export type AccessConfig = ReturnType<typeof readAccessConfig>;

export function readAccessConfig(env = process.env) {
  const settings = readEnv(env, { FIRST_ORGANIZATION_NAME: text('My organization') });
  return {
    /** Name of the organization that the first start makes. */
    firstOrganizationName: settings.FIRST_ORGANIZATION_NAME,
  };
}
