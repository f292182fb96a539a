import { assertOwned } from './stream-name';

describe('assertOwned', () => {
  it.each(['secret-org_1.sec_2', 'organization-org_1', 'access-org_1.20260102', 'x-org_1.a-b.c'])(
    'takes %s',
    (stream) => {
      expect(() => assertOwned({ orgId: 'org_1', stream })).not.toThrow();
    },
  );

  it.each(['secret-org_12.sec_2', 'secret-org_2.org_1', 'secret-x-org_1', '-org_1', 'org_1', 'secret-', ''])(
    'refuses %j',
    (stream) => {
      expect(() => assertOwned({ orgId: 'org_1', stream })).toThrow('does not belong');
    },
  );

  it.each(['', 'org_1.sec'])('refuses the organization %j', (orgId) => {
    expect(() => assertOwned({ orgId, stream: `secret-${orgId}.sec_2` })).toThrow('does not belong');
  });
});
