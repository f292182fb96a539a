import path from 'node:path';
import { productFiles, trackedFiles } from './tracked-files';

/** What a file's second name may be (CONTRIBUTING.md, names). `jobs` run in the writer's thread, a `worker` is a thread. */
const roles = [
  ...['controller', 'dto', 'guard', 'filter', 'handler', 'decider', 'events', 'fold', 'projection', 'module'],
  ...['jobs', 'worker', 'contract'],
];
const kebab = '[a-z0-9]+(-[a-z0-9]+)*';
const emptyWords = /(^|[-.])(utils?|common|helpers?|managers?|misc|shared)([-.]|$)/;

const code = trackedFiles().filter((file) =>
  /^(libs|services|test|bench|scripts)\/.*\.(ts|mjs|cjs)$/.test(file),
);

describe('file names', () => {
  it('are kebab-case with at most one role of the list', () => {
    const pattern = new RegExp(
      `^${kebab}(\\.(${roles.join('|')}))?((\\.(unit|int|e2e))?\\.spec)?\\.(ts|mjs|cjs)$`,
    );
    expect(code.filter((file) => !pattern.test(path.basename(file)))).toEqual([]);
  });

  it('are kebab-case for folders', () => {
    const folders = new Set(code.flatMap((file) => path.dirname(file).split('/')));
    expect([...folders].filter((folder) => !new RegExp(`^${kebab}$`).test(folder))).toEqual([]);
  });

  it('say what is inside', () => {
    expect(code.filter((file) => file.split('/').some((part) => emptyWords.test(part)))).toEqual([]);
  });

  it('tell what a spec needs, beside the source', () => {
    const specs = trackedFiles().filter((file) => /^(libs|services)\/.*\.spec\.ts$/.test(file));
    expect(specs.filter((file) => !/\.(unit|int)\.spec\.ts$/.test(file))).toEqual([]);
    const folders = new Set(productFiles().map((file) => path.dirname(file)));
    const lost = specs.filter(
      (file) => !folders.has(path.dirname(file)) && !file.startsWith('libs/testing/'),
    );
    expect(lost).toEqual([]);
  });
});
