import { runSteps, shapeOf, stepsOf, type Step } from './guide-session';
import { signUpToken } from './person';
import { Server } from './server';

jest.setTimeout(120_000);

describe('docs/guide', () => {
  let server: Server;
  beforeEach(async () => {
    server = await Server.start();
  });
  afterEach(() => server.discard());

  it.each([
    { page: 'team.md', steps: 9 },
    { page: 'signing-in.md', steps: 1 },
  ])('shows in $page what really happens', async ({ page, steps: stepsMin }) => {
    const here = ({ commands, shown }: Step): Step => ({
      commands: commands.replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, server.url),
      shown,
    });
    const steps = stepsOf(page).map(here);
    expect(steps.length).toBeGreaterThanOrEqual(stepsMin);
    const printed = await runSteps(steps, { TOKEN: signUpToken(server) });
    expect(printed).toHaveLength(steps.length);
    for (const [at, { commands, shown }] of steps.entries())
      expect({ commands, printed: shapeOf(printed[at] ?? '') }).toEqual({
        commands,
        printed: shapeOf(shown ?? ''),
      });
  });
});
