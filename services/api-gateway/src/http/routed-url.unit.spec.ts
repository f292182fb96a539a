import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { readGatewayConfig } from '../config';
import { createHttpAdapter } from './create-http-adapter';
import { routedUrl, UNDECODABLE_URL } from './routed-url';

describe('routedUrl', () => {
  const routed = (url: string, method = 'GET') => {
    const request = { url, method } as IncomingMessage;
    return `${routedUrl(request)} ${request.method}`;
  };

  it.each([
    ['/livez', '/livez'],
    ['/a%20b?c=%zz', '/a%20b?c=%zz'],
    ['/a#%zz', '/a#%zz'],
    ['http://localhost/a?b', '/a?b'],
    ['*', '/*'],
    ['/%', UNDECODABLE_URL],
    ['/a/%2?b', UNDECODABLE_URL],
    ['/%ff', UNDECODABLE_URL],
    ['/%e2%82', UNDECODABLE_URL],
    ['http://localhost/%zz', UNDECODABLE_URL],
  ])('of %s is %s', (url, expected) => {
    expect(routed(url)).toBe(`${expected} GET`);
  });

  it('turns HEAD into GET where a probe asks, and nowhere else', () => {
    expect(['/livez', '/readyz', '/metrics'].map((url) => routed(url, 'HEAD'))).toEqual([
      '/livez GET',
      '/readyz GET',
      '/metrics GET',
    ]);
    expect(routed('/api/v1/secrets', 'HEAD')).toBe('/api/v1/secrets HEAD');
    expect(routed('/livez', 'POST')).toBe('/livez POST');
  });

  it('leaves no URL to the router that it would answer by itself', async () => {
    const server = createHttpAdapter(readGatewayConfig({})).getInstance();
    server.get('/a/:id', () => 'routed');
    const part = fc.oneof(
      fc.constantFrom('%', '%2', '%25', '%2f', '%c3%a9', '%e2%82', '?', '#', '/', 'x'.repeat(5_000)),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
        const { body } = await server.inject(`/a/${parts.join('')}`);
        expect(body).not.toMatch(/FST_ERR_(BAD_URL|MAX_PARAM_LENGTH)/);
      }),
    );
    await server.close();
  });
});
