import { inStep } from './in-step';

/** Arrives, waits twice, and notes each step. */
async function requestOf(gate: (goOn: () => void) => void, name: string, steps: string[]): Promise<void> {
  await new Promise<void>(gate);
  for (const step of ['first', 'second']) {
    steps.push(`${name} ${step}`);
    await Promise.resolve();
  }
}

describe('requests in step', () => {
  it('lets those of one turn take each step before any of them takes the next', async () => {
    const gate = inStep();
    const steps: string[] = [];

    await Promise.all(['a', 'b', 'c'].map((name) => requestOf(gate, name, steps)));

    expect(steps).toEqual(['a first', 'b first', 'c first', 'a second', 'b second', 'c second']);
  });

  it('lets every one of a crowd pass, in the order of their arrival', async () => {
    const gate = inStep();
    const steps: string[] = [];
    const names = Array.from({ length: 1_000 }, (_, index) => String(index));

    await Promise.all(names.map((name) => requestOf(gate, name, steps)));

    expect(steps.filter((step) => step.endsWith('first'))).toEqual(names.map((name) => `${name} first`));
  });

  it('lets through what arrives while others go on', async () => {
    const gate = inStep();
    const steps: string[] = [];

    await Promise.all([requestOf(gate, 'a', steps).then(() => requestOf(gate, 'b', steps))]);

    expect(steps).toContain('b second');
  });
});
