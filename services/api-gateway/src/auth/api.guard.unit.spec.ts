import type { ExecutionContext } from '@nestjs/common';
import type { authenticate, RequestOf } from '#libs/contracts';
import type { MessageClient } from '#libs/transport';
import type { GatewayRequest } from '../http/gateway-request';
import { RateLimits } from '../limits/rate-limits';
import { ApiGuard } from './api.guard';
import { PresentedCredential } from './presented-credential';
import { RequestSource } from './request-source';
import { Requires } from './requires';
import { SessionCookie } from './session-cookie';

class Planted {
  @Requires('list-secrets')
  list() {
    return 'secrets';
  }
}

type Question = RequestOf<typeof authenticate>;

const identity = {
  caller: { orgId: 'org_a', actorType: 'api-key', actorId: 'key_a' },
  role: null,
  scopes: ['secrets:list'],
  sessionId: null,
  authenticatedAt: null,
  isStale: false,
};
const withKey = { authorization: 'Bearer hklst_a' };
const noLimits = {
  perAddress: 0,
  perCredential: 0,
  perOrganization: 0,
  failuresPerAddress: 0,
  failuresPerKey: 0,
};

describe('ApiGuard', () => {
  let asked: Question[];
  let guard: ApiGuard;
  /** One request; those of one `Promise.all` arrive in one turn. */
  const arrive = (headers: Record<string, string> = withKey, ip = '192.0.2.1') => {
    const request = { id: 'r', ip, method: 'GET', params: {}, headers };
    const context = {
      getHandler: () => Planted.prototype.list,
      switchToHttp: () => ({ getRequest: () => request as unknown as GatewayRequest }),
    };
    return guard.canActivate(context as unknown as ExecutionContext);
  };

  beforeEach(() => {
    asked = [];
    const access = {
      async send(_: unknown, question: Question) {
        asked.push(question);
        return identity;
      },
    } as unknown as MessageClient;
    const source = new RequestSource({ publicOrigin: null });
    const credential = new PresentedCredential(new SessionCookie({ secureCookies: false }), source);
    guard = new ApiGuard(access, credential, source, new RateLimits(noLimits));
  });

  it('asks once for requests that are alike', async () => {
    expect(await Promise.all([arrive(), arrive(), arrive()])).toEqual([true, true, true]);
    expect(asked).toHaveLength(1);
  });

  it('asks apart for each address, organization, agent and credential', async () => {
    await Promise.all([
      arrive(),
      arrive(withKey, '192.0.2.2'),
      arrive({ ...withKey, 'x-organization-id': 'org_b' }),
      arrive({ ...withKey, 'user-agent': 'curl/8.5.0' }),
      arrive({ authorization: 'Bearer hklst_b' }),
      arrive({ cookie: 'hklst=c' }),
      arrive({ cookie: 'hklst=d' }),
    ]);
    const told = asked.map(({ apiKey, session, organizationId, address, userAgent }) =>
      [(apiKey ?? session)?.expose(), organizationId, address, userAgent].join(' '),
    );
    expect(told).toEqual([
      'hklst_a  192.0.2.1 ',
      'hklst_a  192.0.2.2 ',
      'hklst_a org_b 192.0.2.1 ',
      'hklst_a  192.0.2.1 curl/8.5.0',
      'hklst_b  192.0.2.1 ',
      'c  192.0.2.1 ',
      'd  192.0.2.1 ',
    ]);
  });
});
