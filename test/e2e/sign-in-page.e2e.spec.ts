import { firstOwner, PASSWORD, Person, signUpToken, totpCode } from './person';
import { Server } from './server';
import { SignInPage } from './sign-in-page';

jest.setTimeout(60_000);

describe('the sign-in page', () => {
  let server: Server;
  let ada: Person;
  const grace = () => new Person(server, 'grace@example.com');

  beforeAll(async () => {
    server = await Server.start();
    ada = await firstOwner(server);
  });
  afterAll(() => server.discard());

  const signedIn = async (person: Person) => {
    const page = await SignInPage.open(person, '/sign-in');
    await page.submit('sign-in', { email: person.email, password: PASSWORD });
    return page;
  };
  const invitation = async () => {
    const organization = await ada.call<{ data: { id: string } }>('POST', 'organizations', {
      body: { name: 'Shared' },
    });
    const invited = await ada.call<{ data: { accept_link: string } }>(
      'POST',
      `organizations/${organization.body.data.id}/members/invite`,
      { body: { email: grace().email } },
    );
    return new URL(invited.body.data.accept_link).hash;
  };

  it('keeps the focus where the reader is: in the first field, on the heading, on a button that was refused', async () => {
    const page = await SignInPage.open(ada.elsewhere(), '/sign-in');
    expect([page.place, page.focused]).toEqual(['sign-in', 'sign-in input']);
    await page.submit('sign-in', { email: ada.email, password: PASSWORD });
    expect([page.place, page.focused, page.message]).toEqual(['signed-in', 'signed-in h1', '']);
    const other = await SignInPage.open(ada, `/accept-invitation${await invitation()}`);
    await other.press('accept');
    expect([other.place, other.focused]).toEqual(['signed-in', 'accept']);
    expect(other.message).toContain('another e-mail address');
  });

  it('does once what is asked for twice', async () => {
    const person = grace();
    const page = await SignInPage.open(person, `/accept-invitation${await invitation()}`);
    const fields = { name: 'Grace', email: person.email, password: PASSWORD };
    await Promise.all([page.submit('sign-up', fields), page.submit('sign-up', fields)]);
    expect([page.place, page.address, page.message]).toEqual(['signed-in', '/', '']);
    expect(page.asked.filter((request) => request.endsWith('/sign-up'))).toHaveLength(1);
  });

  it('keeps an invitation for who signs in next', async () => {
    const token = await invitation();
    const page = await SignInPage.open(ada, `/accept-invitation${token}`);
    await page.press('sign-out');
    expect([page.address, page.reloads]).toEqual([`/accept-invitation${token}`, 1]);
    const again = await SignInPage.open(ada, page.address);
    expect(again.place).toBe('sign-up');
    await ada.signIn();
  });

  it('asks to sign in again once the session is over, and goes on with the invitation', async () => {
    const person = grace();
    await person.signIn();
    const page = await SignInPage.open(person, `/accept-invitation${await invitation()}`);
    person.cookie = '';
    await page.press('accept');
    expect([page.place, page.focused]).toEqual(['sign-in', 'sign-in input']);
    expect(page.message).toContain('session is over');
    await page.submit('sign-in', { email: person.email, password: PASSWORD });
    expect([page.place, page.message, page.element('accept').hidden]).toEqual(['signed-in', '', false]);
    await page.press('accept');
    expect([page.address, page.message]).toEqual(['/', '']);
  });

  it('lets in who has an account beside a link that is used up', async () => {
    const page = await SignInPage.open(ada.elsewhere(), `/sign-up#token=${signUpToken(server)}`);
    await page.submit('sign-up', { name: 'Ada', email: ada.email, password: PASSWORD });
    expect([page.place, page.message, page.element('has-account').hidden]).toEqual([
      'sign-up',
      expect.stringContaining('link'),
      false,
    ]);
    await page.press('has-account');
    await page.submit('sign-in', { email: ada.email, password: PASSWORD });
    expect([page.place, page.message]).toEqual(['signed-in', '']);
  });

  it('shows nothing of before when the browser comes back to it', async () => {
    const page = await signedIn(ada.elsewhere());
    await page.leaveAndComeBack();
    expect([page.reloads, page.element('main').hidden]).toEqual([1, true]);
  });

  it('takes a code as apps show it', async () => {
    const person = ada.elsewhere();
    await person.signIn();
    const { secret } = (await person.call<{ data: { secret: string } }>('POST', 'auth/totp')).body.data;
    await person.call('POST', 'auth/totp/confirm', { body: { totp: totpCode(secret, -1) } });
    const page = await signedIn(ada.elsewhere());
    expect([page.place, page.focused]).toEqual(['sign-in', 'code input']);
    const code = totpCode(secret).replace(/(?=...$)/, ' ');
    await page.submit('sign-in', { email: ada.email, password: PASSWORD, code });
    expect([page.place, page.message]).toEqual(['signed-in', '']);
  });
});
