import { isLoopback } from './loopback';

describe('isLoopback', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.8.9.1', '::1', '[::1]'])('takes %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['', '0.0.0.0', '127.0.0.1.evil.example', 'localhost.example', '10.127.0.0.1', '::', '128.0.0.1'])(
    'refuses %j',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});
