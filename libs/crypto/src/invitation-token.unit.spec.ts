import { Redacted } from '#libs/kernel';
import { hashInvitationToken, invitationToken, parseInvitationToken } from './invitation-token';

const id = 'inv_01jd9x7k2m4n6p8q0r2s4t6v8w';
const token = invitationToken(id, Buffer.alloc(32, 7));
const text = token.text.expose();
const pepper = Buffer.alloc(32, 1);

describe('invitation tokens', () => {
  it('are read back, and hash to the same for ever', () => {
    expect(text).toBe(`${id}.BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc`);
    expect(parseInvitationToken(token.text)).toEqual(token);
    expect(hashInvitationToken(pepper, token)).toBe(
      'f72afe1c9ae0c933cc693b6ac5395cc88f35492aa38808f45ef785b1c932e108',
    );
  });

  it('hash differently for another secret, id or pepper', () => {
    const hashes = [
      hashInvitationToken(pepper, token),
      hashInvitationToken(pepper, invitationToken(id, Buffer.alloc(32, 8))),
      hashInvitationToken(pepper, invitationToken(id.replace('w', 'x'), Buffer.alloc(32, 7))),
      hashInvitationToken(Buffer.alloc(32, 2), token),
    ];
    expect(new Set(hashes).size).toBe(4);
  });

  it('are made of 32 bytes', () => {
    expect(() => invitationToken(id, Buffer.alloc(31))).toThrow(RangeError);
  });

  it.each([
    ['nothing', ''],
    ['an id alone', id],
    ['an id of another kind', text.replace('inv_', 'key_')],
    ['a character less', text.slice(0, -1)],
    ['a character more', `${text}A`],
    ['a third part', `${text}.A`],
    ['padding', text.slice(0, -1) + '='],
    ['a line break', `${text}\n`],
    ['a very long text', 'x.'.repeat(100_000)],
  ])('are not %s', (_, other) => {
    expect(parseInvitationToken(new Redacted(other))).toBeNull();
  });
});
