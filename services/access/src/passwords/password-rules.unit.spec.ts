import { Redacted } from '#libs/kernel';
import { passwordComplaint } from './password-rules';

const EMAIL = 'grace.hopper@navy.example';
const complaint = (text: string) => passwordComplaint(new Redacted(text), EMAIL);

describe('passwordComplaint', () => {
  it.each([
    'correct horse battery staple',
    'tr0ubador&3xy',
    'пароль для кошки',
    '🐈🐕🦜🐟🐢🦔🦩🐘🦒🐒🦥🦦',
    '            x            y            z',
    'grace.hopper likes compilers',
    'hklst guards my other keys',
    'm'.concat('Zk3 '.repeat(60)),
  ])('accepts %j', (text) => {
    expect(complaint(text)).toBeNull();
  });

  it.each([
    ['elevenchars', /at least 12/],
    ['🐈'.repeat(11), /at least 12/],
    // Twelve code units, eleven characters once composed.
    ['e\u0301bcdefghijk', /at least 12/],
    ['x3 '.repeat(86), /at most 256/],
    ['zbcdefghijkl\ud800', /must be text/],
    ['1qaz2wsx3edc', /most common/],
    ['1QAZ2wsx3edc', /most common/],
    ['1qaz2wsx3edc!', /most common/],
    ['password1234', /most common/],
    ['administrator2026', /most common/],
    ['aaaaaaaaaaaa', /repeats|common/],
    ['abcabcabcabcabc', /repeats|common/],
    ['qzkqzkqzkqzkq', /repeats/],
    ['klmnopqrstuvw', /repeats|common/],
    [EMAIL, /e-mail/],
    ['gracehopper12', /e-mail/],
    ['Hopper.Grace!', /e-mail/],
    ['navy.example1', /e-mail/],
    ['hklsthklst1234', /product|repeats/],
  ])('refuses %j', (text, why) => {
    expect(complaint(text)).toMatch(why);
  });

  it('repeats no password in what it says', () => {
    for (const text of ['short', 'gracehopper12', 'aaaaaaaaaaaa'])
      expect(complaint(text)).not.toContain(text);
  });
});
