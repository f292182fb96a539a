import { runSteps, shapeOf, stepsOf, type Step } from './guide-session';
import { signUpToken } from './person';
import { Server } from './server';

jest.setTimeout(120_000);

describe('docs/guide/team.md', () => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start();
  });
  afterAll(() => server.discard());

  it('shows what really happens', async () => {
    const here = ({ commands, shown }: Step): Step => ({
      commands: commands.replaceAll('http://127.0.0.1:8080', server.url),
      shown,
    });
    const steps = stepsOf('team.md').map(here);
    expect(steps.length).toBeGreaterThan(8);
    const printed = await runSteps(steps, { TOKEN: signUpToken(server) });
    expect(printed).toHaveLength(steps.length);
    for (const [at, { commands, shown }] of steps.entries())
      expect({ commands, printed: shapeOf(printed[at] ?? '') }).toEqual({
        commands,
        printed: shapeOf(shown ?? ''),
      });
  });
});
