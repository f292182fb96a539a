import { read, trackedFiles } from './tracked-files';

const folder = 'services/api-gateway/pages/';
const files = trackedFiles().filter((file) => file.startsWith(folder));
const served = /'([\w-]+\.(?:mjs|css|svg))'/g;
const controller = read('services/api-gateway/src/pages/openapi.controller.ts');

describe('the documentation page', () => {
  it('is made of the files that are served, and no other', () => {
    const names = [...controller.matchAll(served)].map(([, name]) => name);
    expect([...names, 'docs.html'].sort()).toEqual(files.map((file) => file.slice(folder.length)).sort());
  });

  it('loads nothing but these files', () => {
    const names = new Set(files.map((file) => file.slice(folder.length)));
    const loaded = files.flatMap((file) =>
      [
        ...read(file).matchAll(/(?:src|href)="([^#"]+)"|from '([^']+)'|url\(([^)]+)\)|import\(([^)]+)\)/g),
      ].map((match) => (match.slice(1).find(Boolean) ?? '').replace(/^(docs\/|\.\/)/, '')),
    );
    expect(loaded.length).toBeGreaterThan(8);
    expect(loaded.filter((name) => !names.has(name) && name !== 'openapi.json')).toEqual([]);
  });

  it.each(files)('%s makes no markup of text and leaves no trace of a key', (file) => {
    const forbidden =
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|Storage|cookie\s*=|indexedDB|history\.|location\s*=|\son\w+="|style="|<style|javascript:/;
    expect(read(file)).not.toMatch(forbidden);
  });
});
