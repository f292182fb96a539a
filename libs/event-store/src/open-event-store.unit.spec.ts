import { openEventStore } from './open-event-store';

describe('openEventStore', () => {
  it.each([
    '',
    'sqlite',
    'mysql://host',
    'toString:x',
    'constructor:x',
    '/data/log.sqlite',
    'sqlite:relative/log.sqlite',
  ])('refuses the URL %j without repeating it', async (url) => {
    const refusal = await openEventStore(url).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'CONFIG_INVALID' });
    if (url) expect((refusal as Error).message).not.toContain(`${url} `);
  });
});
