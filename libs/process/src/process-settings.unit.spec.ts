import { readEnv } from '#libs/kernel';
import { publicUrl } from './process-settings';

const read = (value?: string) => readEnv({ PUBLIC_URL: value }, { PUBLIC_URL: publicUrl }).PUBLIC_URL;

describe('publicUrl', () => {
  it('is null when the operator has not said it, and only then', () => {
    expect([read(), read('')]).toEqual([null, null]);
    expect(read('http://127.0.0.1:8080')).toBe('http://127.0.0.1:8080');
  });

  it.each([
    ['https://secrets.example.com/', 'https://secrets.example.com'],
    ['HTTPS://Secrets.Example.com:443', 'https://secrets.example.com'],
    ['https://example.com/secrets/', 'https://example.com/secrets'],
  ])('gives %s as links begin', (said, expected) => {
    expect(read(said)).toBe(expected);
  });

  it.each(['secrets.example.com', 'ftp://example.com', 'javascript:alert(1)'])('refuses %s', (said) => {
    expect(() => read(said)).toThrow('PUBLIC_URL must be a URL such as https://secrets.example.com');
  });
});
