import { Api } from './api';
import { Server } from './server';

jest.setTimeout(60_000);

/** Every code point that is a character, some of each plane, so that every byte UTF-8 allows occurs. */
function allPlanes(): string {
  const points: number[] = [];
  for (let point = 0; point <= 0x10ffff; point += point < 0x800 ? 1 : 149)
    if (point < 0xd800 || point > 0xdfff) points.push(point);
  return String.fromCodePoint(...points);
}

const values: Record<string, string> = {
  'one character': 'x',
  'one NUL': '\0',
  'one blank': ' ',
  'one emoji': '😀',
  '10,000 characters': 'x'.repeat(10_000),
  '10,000 characters of two bytes': 'é'.repeat(10_000),
  '10,000 emoji, 40,000 bytes': '😀'.repeat(10_000),
  'all of Latin 1': Array.from({ length: 256 }, (_, point) => String.fromCharCode(point)).join(''),
  'all planes': allPlanes(),
  'the last code point and those that are no characters': '\u{10ffff}\ufffe\uffff\ufdd0\ufffd',
  'NUL inside': 'before\0after\0',
  'line ends': 'a\r\nb\nc\rd\u2028e\u2029f\n',
  'blanks around': '  \t x \n ',
  'a byte-order mark': '\ufeffx\ufeff',
  'composed and decomposed letters': 'é\u0065\u0301 Å\u212b',
  'letters that change with case folding': 'ß ẞ ŉ İ ı ſ',
  'right to left': '\u202eabc\u202c \u200f',
  'a family': '👨‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿',
  JSON: '{"secret":{"name":"X","value":"y\\u0000"}}',
  quotes: `"'\\\\"\\"''\`\${x}`,
  'a prototype': '__proto__',
  SQL: "'; DROP TABLE events; --",
  'something that looks redacted': '[redacted]',
  'a private key': `-----BEGIN PRIVATE KEY-----\n${'MIIEvQ+/=\n'.repeat(100)}-----END PRIVATE KEY-----\n`,
};

const escaped = (text: string) =>
  JSON.stringify(text).replace(/[^ -~]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );

describe('values', () => {
  let server: Server;
  let api: Api;

  beforeAll(async () => {
    server = await Server.start();
    api = Api.of(server);
  });
  afterAll(() => server.discard());

  const bytesOf = async (version: number) => {
    const { status, body } = await api.reveal('KEPT', version);
    expect(status).toBe(200);
    return Buffer.from(body.value).toString('hex');
  };

  it.each(Object.keys(values))('come back byte for byte: %s', async (what) => {
    const value = values[what] ?? '';
    const hex = Buffer.from(value).toString('hex');
    expect((await api.create('KEPT', value)).status).toBe(201);
    expect(await bytesOf(1)).toBe(hex);
    // The same value as a client sends it that writes ASCII only.
    const body = `{"secret":{"value":${escaped(value)}}}`;
    expect((await api.call('PUT', 'secrets/KEPT', { body })).status).toBe(200);
    expect(await bytesOf(2)).toBe(hex);
    expect(await bytesOf(1)).toBe(hex);
    expect((await api.delete('KEPT')).status).toBe(204);
  });

  it('leave descriptions and answers as they were sent, too', async () => {
    for (const [what, text] of Object.entries(values)) {
      const description = Array.from(text).slice(0, 1_000).join('');
      const { status, body } = await api.create('DESCRIBED', 'x', { description });
      expect({ what, status, description: body.data.description }).toEqual({
        what,
        status: 201,
        description,
      });
      expect((await api.get('DESCRIBED')).body.data.description).toBe(description);
      expect((await api.list()).body.data[0]?.description).toBe(description);
      await api.delete('DESCRIBED');
    }
  });

  it('are the same after a restart', async () => {
    for (const [at, value] of Object.values(values).entries()) await api.create(`KEPT_${at}`, value);
    await server.stop();
    server = await Server.start({ dataDir: server.dataDir });
    api = Api.of(server);
    for (const [at, value] of Object.values(values).entries())
      expect((await api.reveal(`KEPT_${at}`)).body.value).toBe(value);
  });
});
