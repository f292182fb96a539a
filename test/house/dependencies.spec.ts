import { read, trackedFiles } from './tracked-files';

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  scripts: Record<string, string>;
}
interface Lock {
  packages: Record<string, { dev?: boolean; hasInstallScript?: boolean }>;
}

/** npm runs no install scripts by default; these have one and work without it. */
const worksWithoutItsInstallScript: Record<string, string> = {
  'node_modules/protobufjs': 'its script only warns about version ranges in the package.json above it',
};

const manifest = JSON.parse(read('package.json')) as Manifest;
const names = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
const lock = JSON.parse(read('package-lock.json')) as Lock;

describe('dependencies', () => {
  it('have one line of reason each in docs/dependencies.md', () => {
    const reasons = [...read('docs/dependencies.md').matchAll(/^- `([^`]+)`: \S.{20,}$/gm)].map(
      ([, name]) => name,
    );
    expect(reasons.sort()).toEqual(names.sort());
  });

  it('are used', () => {
    const isCode = (file: string) => /\.(ts|mjs|cjs)$|^\.swcrc$|^(tsconfig|nest-cli)\.json$/.test(file);
    const code = trackedFiles().filter(isCode).map(read).join('\n');
    const texts = code + JSON.stringify(manifest.scripts);
    const unused = names.filter((name) => !texts.includes(name.replace(/^@types\//, '')));
    expect(unused).toEqual([]);
  });

  it('need no install script in production', () => {
    const scripted = Object.entries(lock.packages).filter(
      ([, entry]) => entry.hasInstallScript && !entry.dev,
    );
    expect(scripted.map(([name]) => name)).toEqual(Object.keys(worksWithoutItsInstallScript));
  });
});
