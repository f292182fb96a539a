import { knownRole, rightsOfMember } from './actor';

describe('rights of a role', () => {
  it.each(['owner', 'admin', 'member', 'viewer'])('are those of the %s that the log names', (role) => {
    expect(knownRole(role)).toBe(role);
  });

  it.each(['auditor', 'Owner', ''])(
    'are those of a viewer for %j, which this version does not know',
    (role) => {
      const member = { memberId: 'mem_1', userId: 'usr_1', role, joinedAt: '2026-11-23T10:00:00.000Z' };
      expect(knownRole(role)).toBe('viewer');
      expect(rightsOfMember(member)).toEqual({ role: 'viewer', scopes: [] });
    },
  );
});
