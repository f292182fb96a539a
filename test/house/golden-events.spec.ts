import { eventVersions } from '#libs/events';
import { read, trackedFiles } from './tracked-files';

const folder = 'test/fixtures/events';
const expected = Object.entries(eventVersions).flatMap(([type, version]) =>
  Array.from({ length: version }, (_, index) => ({ type, version: String(index + 1) })),
);
const nameOf = ({ type, version }: { type: string; version: string }) => `${folder}/${type}.v${version}.json`;

describe('golden events', () => {
  it('hold one file for each version of each event type, and no other', () => {
    const found = trackedFiles().filter((file) => file.startsWith(`${folder}/`));
    expect(found.sort()).toEqual(expected.map(nameOf).sort());
  });

  it.each(expected)('$type version $version says so itself', (event) => {
    const golden = JSON.parse(read(nameOf(event))) as { type: string; metadata: { schemaVersion: string } };
    expect({ type: golden.type, version: golden.metadata.schemaVersion }).toEqual(event);
  });
});
