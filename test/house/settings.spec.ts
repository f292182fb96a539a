import { productFiles, read } from './tracked-files';

/** `NAME: parser` in what a service's config.ts, or a lib on its behalf, gives to readEnv. */
const settings = new Set(
  productFiles()
    .filter((file) => /\/config\.ts$|^libs\/[^/]+\/src\/[a-z]+-settings\.ts$/.test(file))
    .flatMap((file) =>
      [...read(file).matchAll(/(?:[{,]|^)\s*([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name),
    ),
);

describe('.env.example', () => {
  const text = read('.env.example');

  it('lists every setting that a process reads, and no other', () => {
    const listed = [...text.matchAll(/^#([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name);
    expect(listed.sort()).toEqual([...settings].sort());
  });

  it('sets nothing, and says what each setting is for', () => {
    expect(text).not.toMatch(/^[^#\n]/m);
    expect(text).not.toMatch(/\n\n#[A-Z][A-Z0-9_]+=/);
  });
});
