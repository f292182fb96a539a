import type { FastifyReply } from 'fastify';
import type { GatewayRequest } from '../http/gateway-request';
import { OwnWrites } from './own-writes';

const TOKEN = 'x-consistency-token';

describe('OwnWrites', () => {
  let writes: OwnWrites;
  const request = (orgId: string, token?: string) => {
    const identity = { caller: { orgId, actorType: 'key', actorId: 'key_a' } };
    return { identity, headers: token === undefined ? {} : { [TOKEN]: token } } as unknown as GatewayRequest;
  };
  /** Gives the headers of the answer. */
  const answer = (orgId: string, position: string) => {
    const headers: Record<string, string> = {};
    const reply = { header: (name: string, value: string) => (headers[name] = value) };
    writes.answer(request(orgId), reply as unknown as FastifyReply, position);
    return headers;
  };

  beforeEach(() => (writes = new OwnWrites()));

  it('tells of each write its own position, and waits for the latest of the organization', () => {
    expect(writes.atLeast(request('org_a'))).toBeNull();
    expect([answer('org_a', '10'), answer('org_a', '9')]).toEqual([{ [TOKEN]: '10' }, { [TOKEN]: '9' }]);
    expect(writes.atLeast(request('org_a'))).toBe('10');
    expect(writes.atLeast(request('org_b'))).toBeNull();
  });

  it('waits for a token of another gateway where that is later, and else for its own last write', () => {
    answer('org_a', '10');
    const asked = ['3', '0000000011', '10'].map((token) => writes.atLeast(request('org_a', token)));
    expect(asked).toEqual(['10', '11', '10']);
    expect(writes.atLeast(request('org_b', '3'))).toBe('3');
  });

  it.each(['', '-1', '1e3', '1'.repeat(21), 'latest'])('refuses the token %j', (token) => {
    expect(() => writes.atLeast(request('org_a', token))).toThrow('X-Consistency-Token is not one');
  });
});
