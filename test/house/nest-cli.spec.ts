import { read, trackedFiles } from './tracked-files';

interface NestCli {
  readonly projects: Readonly<Record<string, { type: string; root: string; entryFile: string; sourceRoot: string }>>; // prettier-ignore
}

describe('nest-cli.json', () => {
  it('names every room, and nothing else', () => {
    const { projects } = JSON.parse(read('nest-cli.json')) as NestCli;
    const entries = trackedFiles().filter((file) =>
      /^(services\/[^/]+\/src\/main|libs\/[^/]+\/src\/index)\.ts$/.test(file),
    );
    const rooms = entries.map((file) => {
      const [folder = '', name = ''] = file.split('/');
      const [type, entryFile] = folder === 'services' ? ['application', 'main'] : ['library', 'index'];
      return [name, { type, root: `${folder}/${name}`, entryFile, sourceRoot: `${folder}/${name}/src` }];
    });
    expect(projects).toEqual(Object.fromEntries(rooms));
  });
});
