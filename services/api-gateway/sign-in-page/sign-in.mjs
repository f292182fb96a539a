// The page behind the links that the server prints, until the dashboard takes its place.
const byId = (id) => document.getElementById(id);
const main = document.querySelector('main');
const PLACES = ['sign-in', 'sign-up', 'signed-in'];

// Back from the provider: what it sent along works once, and stays in no history. The address is again the one that this
// tab left, with its link.
const sent = location.pathname === '/oidc-callback' ? new URLSearchParams(location.search) : undefined;
if (sent) {
  history.replaceState(null, '', sessionStorage.getItem('leftFrom') ?? '/sign-in');
  sessionStorage.clear();
}

// Behind the `#`: the browser sends it to nobody.
const token = new URLSearchParams(location.hash.slice(1)).get('token');
const isInvitation = token !== null && !location.pathname.startsWith('/sign-up');
let methods = { oidc: false, passkeys: false, open_sign_up: false };

class Refused extends Error {
  constructor(status, { error, code }) {
    super(error ?? 'The server cannot be reached; try again.');
    this.status = status;
    this.code = code;
  }
}

/** Asks the API; the cookie goes along by itself. */
async function ask(method, path, body) {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const answer = await fetch(`/api/v1/${path}`, { method, headers, body: sent }).catch(() => undefined);
  const isJson = answer?.headers.get('content-type')?.includes('json');
  const content = isJson ? await answer.json() : {};
  if (!answer?.ok) throw new Refused(answer?.status, content);
  return content.data;
}

/** A form begins in its first field. The heading is read out where there is none, and a second Enter presses no button. */
function show(place) {
  for (const id of PLACES) byId(id).hidden = id !== place;
  (byId(place).querySelector('input') ?? byId(place).querySelector('h1')).focus();
}

function say(text) {
  byId('message').textContent = text;
  byId('message').hidden = text === '';
}

/** Runs what a button or a form is for, once at a time; what goes wrong is said below. */
function on(element, event, work) {
  element.addEventListener(event, async (happened) => {
    happened.preventDefault();
    // The buttons stay enabled: one that is disabled loses the focus, and cannot be given it.
    if (main.ariaBusy === 'true') return;
    main.ariaBusy = 'true';
    say('');
    const said = await work(new FormData(element instanceof HTMLFormElement ? element : undefined)).then(
      () => '',
      (error) => refusal(error, element),
    );
    main.ariaBusy = 'false';
    say(said);
  });
}

/** Shows what can be done about it, and gives the words for it. */
function refusal(error, element) {
  if (error.status === 401 && element.id !== 'sign-in') {
    showSignIn();
    return 'Your session is over; sign in again.';
  }
  return error instanceof Refused ? error.message : 'That did not work; try again.';
}

function ticket() {
  if (!token) return {};
  return isInvitation ? { invitation_token: token } : { sign_up_token: token };
}

/** Tokens of links work once: the address holds none when it has worked, or never will for whoever signs in here. */
function forgetToken() {
  history.replaceState(null, '', '/');
}

async function showSignedIn() {
  const me = await ask('GET', 'auth/me');
  const organizations = await ask('GET', 'organizations');
  byId('who').textContent = `${me.name} (${me.email})`;
  byId('organizations').replaceChildren(
    ...organizations.map(({ name, role }) => {
      const item = document.createElement('li');
      item.append(
        ...[name, role].map((text) => Object.assign(document.createElement('span'), { textContent: text })),
      );
      return item;
    }),
  );
  byId('accept').hidden = !(isInvitation && location.hash);
  show('signed-in');
}

function showSignIn() {
  byId('with-oidc').hidden = !methods.oidc;
  byId('with-passkey').hidden = !methods.passkeys || !window.PublicKeyCredential?.parseRequestOptionsFromJSON;
  show('sign-in');
}

function showSignedOut() {
  const wantsToSignUp = token || location.pathname.startsWith('/sign-up');
  byId('sign-up-with-oidc').hidden = !methods.oidc;
  byId('invited').hidden = !isInvitation;
  if (wantsToSignUp && (token || methods.open_sign_up)) show('sign-up');
  else showSignIn();
}

on(byId('sign-in'), 'submit', async (form) => {
  // As apps show it: 123 456.
  const code = form.get('code').replaceAll(/\s/g, '');
  const asked = /^\d{6}$/.test(code) ? { totp: code } : { recovery_code: code };
  try {
    const proof = { email: form.get('email'), password: form.get('password') };
    await ask('POST', 'auth/sign-in', { ...proof, ...(code !== '' && asked) });
  } catch (error) {
    if (error.code === 'SECOND_FACTOR_REQUIRED') {
      byId('code').hidden = false;
      byId('code').querySelector('input').focus();
      return;
    }
    if (error.status === 401)
      throw new Refused(401, { error: 'That is not right. Check the address, the password and the code.' });
    throw error;
  }
  byId('sign-in').reset();
  await showSignedIn();
});

on(byId('sign-up'), 'submit', async (form) => {
  const [name, email, password] = ['name', 'email', 'password'].map((field) => form.get(field));
  await ask('POST', 'auth/sign-up', { name, email, password, ...ticket() });
  byId('sign-up').reset();
  forgetToken();
  await showSignedIn();
});

on(byId('accept'), 'click', async () => {
  await ask('POST', 'invitations/accept', { token });
  forgetToken();
  await showSignedIn();
});

/** To the provider. The address waits in this tab, with its link; the browser comes back to /oidc-callback. */
for (const id of ['with-oidc', 'sign-up-with-oidc']) on(byId(id), 'click', goToProvider);

async function goToProvider() {
  const { url } = await ask('POST', 'auth/oidc/begin');
  sessionStorage.setItem('leftFrom', location.pathname + location.hash);
  location.assign(url);
}

async function finishOidc() {
  if (!sent.has('code')) throw new Refused(401, { error: 'The provider did not sign you in; try again.' });
  const iss = sent.get('iss');
  const proof = { code: sent.get('code'), state: sent.get('state') ?? '', ...(iss && { iss }) };
  try {
    await ask('POST', 'auth/oidc/finish', { ...proof, ...ticket() });
  } catch (error) {
    // The link is not for this person, or over. They can come in without it.
    if (error.code === 'FORBIDDEN' || error.code === 'NOT_FOUND') forgetToken();
    if (error.status !== 401) throw error;
    throw new Refused(401, { error: 'This sign-in was not begun here, or took too long; try again.' });
  }
  if (token) forgetToken();
}

on(byId('has-account'), 'click', async () => showSignIn());

on(byId('sign-out'), 'click', async () => {
  await ask('POST', 'auth/sign-out');
  // The address stays: it may hold an invitation for whoever signs in next.
  location.reload();
});

// A browser that keeps the page for its Back button would show a person who has signed out; the page is then loaded anew.
addEventListener('pagehide', () => (main.hidden = true));
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload();
});

try {
  methods = await ask('GET', 'auth/methods');
  if (sent) await finishOidc();
  await showSignedIn();
} catch (error) {
  if (error.status === 401 || sent) showSignedOut();
  if (error.status !== 401 || sent)
    say(error instanceof Refused ? error.message : 'That did not work; try again.');
}
