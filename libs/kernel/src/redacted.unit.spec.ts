import { format, inspect } from 'node:util';
import { Redacted } from './redacted';

describe('Redacted', () => {
  const redacted = new Redacted('canary');

  it.each([
    ['JSON', JSON.stringify({ redacted })],
    ['string conversion', String(redacted)],
    ['inspection', inspect({ redacted }, { depth: 9, showHidden: true })],
    ['formatting', format('%s %o %O %j', redacted, redacted, redacted, redacted)],
    ['its own properties', JSON.stringify(Object.getOwnPropertyNames(redacted))],
    ['a copy', JSON.stringify({ ...redacted })],
  ])('cannot be printed by %s', (_, printed) => expect(printed).not.toContain('canary'));

  it('gives its value to who asks', () => expect(redacted.expose()).toBe('canary'));
});
