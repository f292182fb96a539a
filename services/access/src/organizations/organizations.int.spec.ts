import { openEventStore } from '#libs/event-store';
import type { OrganizationEvent, OrganizationState } from '#libs/events';
import { newCommandId } from '#libs/kernel';
import { EventStoreDouble, intercepted, openTestStores } from '#libs/testing';
import { decideOrganization } from './organization.decider';
import { Organizations, type Changed } from './organizations';

const orgId = 'org_shared';
const caller = { orgId, actorType: 'user' as const, actorId: 'usr_ada' };
const context = { correlationId: 'test' };

function found(before: OrganizationState, at: string): OrganizationEvent[] {
  const owner = { ownerId: caller.actorId, memberId: 'mem_ada' };
  return decideOrganization(before, { orgId, name: 'Shared', kind: 'shared', ...owner, at });
}

function join(_: OrganizationState, at: string): OrganizationEvent[] {
  const member = { memberId: 'mem_eve', userId: 'usr_eve', role: 'member', invitationId: null };
  return [{ type: 'MemberJoined', data: { ...member, joinedAt: at } }];
}

describe('Organizations', () => {
  it('give what is in the log where two processes carry out one command, and the engine tells neither', async () => {
    const { clock, discard } = await openTestStores();
    const double = await EventStoreDouble.start();
    const [log, otherLog] = [await openEventStore(double.url), await openEventStore(double.url)];
    const one = new Organizations(clock, log);
    await one.change({ caller, commandId: newCommandId(new Date()) }, context, found);

    const command = { caller, commandId: newCommandId(new Date()) };
    let first: Changed | undefined;
    // Both have read the organization when the first appends.
    const late = intercepted(otherLog, {
      async append(request) {
        clock.pass(1_000);
        first = await one.change(command, context, join);
        return otherLog.append(request);
      },
    });
    const other = new Organizations(clock, late);
    const second = await other.change(command, context, join);

    expect(second).toEqual(first);
    expect(second.state.members.get('usr_eve')?.joinedAt).toBe(clock.now().toISOString());
    expect(await other.recent(orgId)).toEqual(await one.recent(orgId));
    for (const each of [log, otherLog, double]) await ('stop' in each ? each.stop() : each.close());
    await discard();
  });
});
