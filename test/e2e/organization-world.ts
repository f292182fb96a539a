import { scopes, type Role, type Scope } from '#libs/contracts';
import type { Answer, Metadata } from './api';
import type { Member, NewApiKey, Organization } from './organization-api';
import { Person } from './person';
import type { Server } from './server';

let people = 0;

/** Signs up a new person. The server must allow open sign-up. */
export async function newPerson(server: Pick<Server, 'url'>, name = 'person'): Promise<Person> {
  people += 1;
  const person = new Person(server, `${name}-${people}@example.com`);
  const { status, text } = await person.signUp();
  if (status !== 201) throw new Error(`Nobody signed up: ${text}`);
  return person;
}

/** An organization of a test, and methods that create its members, secrets, invitations and keys. */
export class World {
  readonly #made = new Map<string, number>();

  private constructor(
    readonly server: Pick<Server, 'url'>,
    readonly orgId: string,
    readonly owner: Person,
  ) {}

  static of(server: Pick<Server, 'url'>, orgId: string, owner: Person): World {
    return new World(server, orgId, owner);
  }

  static async create(server: Pick<Server, 'url'>, name: string): Promise<World> {
    const owner = await newPerson(server, 'owner');
    const made = await owner.call<{ data: Organization }>('POST', 'organizations', { body: { name } });
    return new World(server, made.body.data.id, owner);
  }

  /** Sends a request as the owner. `path` is below the organization, unless it begins with `secrets`. */
  call<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
    return this.as(this.owner, method, path, body);
  }

  as<T = Record<string, unknown>>(person: Person, method: string, path: string, body?: unknown) {
    const isSecret = path.startsWith('secrets');
    return person.call<T>(method, isSecret ? path : `organizations/${this.orgId}${path}`, {
      ...(body !== undefined && { body }),
      ...(isSecret && { headers: { 'x-organization-id': this.orgId } }),
    });
  }

  async members(): Promise<Member[]> {
    return (await this.call<{ data: Member[] }>('GET', '/members')).body.data;
  }

  async memberOf(person: Person): Promise<Member> {
    const found = (await this.members()).find(({ email }) => email === person.email);
    if (!found) throw new Error(`${person.email} is no member`);
    return found;
  }

  /** Invites a person, and gives the token of the invitation. */
  async invite(email: string, role: Role): Promise<string> {
    const answer = await this.call<{ data: { accept_link: string } }>('POST', '/members/invite', {
      email,
      role,
    });
    return answer.body.data.accept_link.split('#token=')[1] ?? '';
  }

  /** Signs up a new person, who joins the organization with this role. */
  async join(role: Role): Promise<Person> {
    const person = await newPerson(this.server, role);
    const token = await this.invite(person.email, role);
    const { status, text } = await person.call('POST', 'invitations/accept', { body: { token } });
    if (status !== 200) throw new Error(`Nobody joined: ${text}`);
    return person;
  }

  async secret(): Promise<string> {
    const name = this.next('SECRET');
    const body = { secret: { name, value: `value of ${name}` } };
    return (await this.call<{ data: Metadata }>('POST', 'secrets', body)).body.data.id;
  }

  async invitation(): Promise<string> {
    const email = `${this.next('invited').toLowerCase()}@example.com`;
    return (await this.call<{ data: { id: string } }>('POST', '/members/invite', { email })).body.data.id;
  }

  async key(held: readonly Scope[] = scopes): Promise<NewApiKey> {
    const fields = { name: 'A key', scopes: held };
    return (await this.call<NewApiKey>('POST', '/api-keys', fields)).body;
  }

  /** Gives the whole content of the organization as text, to compare two states of it. */
  async everything(): Promise<string> {
    const paths = ['secrets', '', '/members', '/invitations', '/api-keys'];
    const shown = await Promise.all(paths.map((path) => this.call('GET', path)));
    // The times of last use change without a change of content.
    return shown.map(({ text }) => text.replace(/"last_(used|read)_at":[^,}]*/g, '')).join('\n');
  }

  next(what: string): string {
    const count = (this.#made.get(what) ?? 0) + 1;
    this.#made.set(what, count);
    return `${what}_${count}`;
  }
}
