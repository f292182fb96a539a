import { Redacted } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { openTestStores, type TestStores } from '#libs/testing';
import { UsedCodes } from '../second-factors/used-codes';
import { Pseudonyms } from '../users/pseudonyms';
import { FLOW_SECONDS_MAX, Flows } from './flows';

const renewal = { userId: `usr_${'0'.repeat(26)}`, sessionId: `ses_${'1'.repeat(26)}` };
const logger = createLogger({ level: 'silent', service: 'access' });

describe('Flows', () => {
  let stores: TestStores;
  let flows: Flows;
  const openFlows = async () => {
    const usedCodes = new UsedCodes(stores.clock, stores.reads);
    await usedCodes.onModuleInit();
    return new Flows(stores.clock, logger, new Pseudonyms(await stores.openKeyring()), usedCodes);
  };
  const refused = { code: 'AUTHENTICATION_REQUIRED' };

  beforeEach(async () => {
    stores = await openTestStores();
    flows = await openFlows();
  });
  afterEach(() => stores.discard());

  it('gives back what it was begun for, in any process', async () => {
    const { cookie, flow } = await flows.begin(renewal);
    expect(flow).toMatchObject({ renewal, begunAt: stores.clock.now().getTime() });
    const elsewhere = await openFlows();
    expect(await elsewhere.finish(cookie, new Redacted(flow.state))).toEqual(flow);
  });

  it('keeps its parts apart, and those of one flow from those of any other', async () => {
    const all = [(await flows.begin(null)).flow, (await flows.begin(null)).flow];
    const parts = all.flatMap(({ state, nonce, verifier }) => [state, nonce, verifier]);
    expect(new Set(parts).size).toBe(6);
  });

  it('holds to the last second, and not beyond', async () => {
    const [first, second] = [await flows.begin(null), await flows.begin(null)];
    stores.clock.pass(FLOW_SECONDS_MAX * 1_000);
    expect(await flows.finish(first.cookie, new Redacted(first.flow.state))).toEqual(first.flow);
    stores.clock.pass(1);
    await expect(flows.finish(second.cookie, new Redacted(second.flow.state))).rejects.toMatchObject(refused);
  });

  it('is good once, of many at the same time and in whichever process', async () => {
    const { cookie, flow } = await flows.begin(null);
    const elsewhere = await openFlows();
    const attempts = Array.from({ length: 20 }, (_, n) =>
      (n % 2 ? flows : elsewhere).finish(cookie, new Redacted(flow.state)),
    );
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('is not used up by who does not know its state', async () => {
    const { cookie, flow } = await flows.begin(null);
    const { state: another } = (await flows.begin(null)).flow;
    await expect(flows.finish(cookie, new Redacted(another))).rejects.toMatchObject(refused);
    expect(await flows.finish(cookie, new Redacted(flow.state))).toEqual(flow);
  });
});
