import { read, trackedFiles } from './tracked-files';

const banned: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['a task left in the text', /\b(TODO|FIXME|XXX|HACK)\b/],
  ["a path of somebody's machine", /(^|[\s"'`(=:])\/(work\/|root\/|home\/\w+\/|tmp\/p)/m],
  ['a focused test', /^\s*(describe|it|test)\.only\b/m],
  ['a debugger statement', /^\s*debugger;/m],
];

// Pictures hold no words, and this file holds all of them.
const texts = trackedFiles().filter(
  (file) => !/\.(png|ico|woff2)$/.test(file) && !file.endsWith('tracked-text.spec.ts'),
);

describe('tracked files', () => {
  it.each(banned)('hold no trace of %s', (_, pattern) => {
    expect(texts.filter((file) => pattern.test(read(file)))).toEqual([]);
  });

  it('name no package host but the public one', () => {
    const hosts = texts.flatMap((file) => [
      ...read(file).matchAll(/https?:\/\/([\w.-]*\b(?:registry|npm|proxy|mirror)\b[\w.-]*)/g),
    ]);
    expect(
      [...new Set(hosts.map(([, host]) => host))].filter((host) => host !== 'registry.npmjs.org'),
    ).toEqual([]);
  });
});

interface LockedPackage {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

describe('package-lock.json', () => {
  const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
  const packages = Object.entries(lock.packages).filter(([name]) => name !== '');
  const namesOf = (chosen: typeof packages) => chosen.map(([name]) => name);

  it('takes packages from the public registry only', () => {
    const foreign = packages.filter(
      ([, { resolved }]) => resolved && !resolved.startsWith('https://registry.npmjs.org/'),
    );
    expect(namesOf(foreign)).toEqual([]);
  });

  it('pins the content of every package, except for build tools of other platforms', () => {
    const loose = packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'));
    expect(namesOf(loose.filter(([, { dev, optional }]) => !(dev && optional)))).toEqual([]);
  });
});
