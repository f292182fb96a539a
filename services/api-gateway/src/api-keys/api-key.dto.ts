import { IpRange, scopes, type Scope } from '#libs/contracts';
import { About, fieldRule, IfSent } from '../fields/field-rule';
import { IsLabel } from '../fields/label-field.dto';
import { IsExpiry } from '../fields/time-field.dto';

const ALLOWED_IPS_MAX = 50;
const IsScopes = () =>
  fieldRule({
    name: 'scopes',
    message: `must be a list of different scopes, each one of ${scopes.join(', ')}`,
    schema: { type: 'array', items: { type: 'string', enum: scopes }, minItems: 1, uniqueItems: true },
    validate: areScopes,
  });

const IsAllowedIps = () =>
  fieldRule({
    name: 'allowedIps',
    message: `must be a list of at most ${ALLOWED_IPS_MAX} addresses or CIDR ranges such as 192.0.2.0/24 or 2001:db8::/32`,
    schema: {
      type: ['array', 'null'],
      items: { type: 'string', format: 'cidr', examples: ['192.0.2.0/24', '2001:db8::/32'] },
      maxItems: ALLOWED_IPS_MAX,
    },
    validate: (value) => value === null || areRanges(value),
  });

/** Body of `POST /organizations/:id/api-keys`. */
export class IssueApiKeyBody {
  @IsLabel()
  name!: string;

  @About('What a member may do with secrets, if absent.')
  @IfSent()
  @IsScopes()
  scopes?: Scope[];

  @About('In the future, and not beyond that of the key that issues it. Null: never.')
  @IfSent()
  @IsExpiry()
  expires_at?: string | null;

  @About('IPv4 or IPv6, addresses or CIDR ranges. Null or empty: from anywhere.')
  @IfSent()
  @IsAllowedIps()
  allowed_ips?: string[] | null;
}

function areScopes(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  const isScope = (item: unknown) => scopes.includes(item as Scope);
  return value.every(isScope) && new Set(value).size === value.length;
}

function areRanges(value: unknown): boolean {
  if (!Array.isArray(value) || value.length > ALLOWED_IPS_MAX) return false;
  return value.every((item) => typeof item === 'string' && item.length <= 64 && IpRange.parse(item) !== null);
}
