import { runInNewContext } from 'node:vm';
import type { Answer } from './api';

/** The person who has the page open. The requests of the page carry this person's cookies. */
interface Visitor {
  readonly server: { readonly url: string };
  call(method: string, path: string, more?: { body?: unknown }): Promise<Answer<unknown>>;
}

type Listener = (event: object) => Promise<void> | void;

/** The parts of a DOM element that the page's script uses. */
class PageElement {
  hidden: boolean;
  textContent = '';
  readonly listeners = new Map<string, Listener>();
  #isDisabled = false;

  constructor(
    readonly id: string,
    private readonly page: SignInPage,
  ) {
    this.hidden = page.isHiddenAtFirst(id);
  }

  /** As in a browser, a disabled element loses the focus and cannot get it. */
  set disabled(isDisabled: boolean) {
    this.#isDisabled = isDisabled;
    if (isDisabled && this.page.focused === this.id) this.page.focused = 'body';
  }

  addEventListener(event: string, listener: Listener): void {
    this.listeners.set(event, listener);
  }

  /** Only the forms and the label of the code contain an `input`. */
  querySelector(selector: string): PageElement | null {
    const isThere = selector !== 'input' || WITH_FIELDS.includes(this.id);
    return isThere ? this.page.element(`${this.id} ${selector}`) : null;
  }

  focus(): void {
    if (!this.#isDisabled) this.page.focused = this.id;
  }

  append(...children: PageElement[]): void {
    this.textContent += children.map((child) => child.textContent).join(' ');
  }

  replaceChildren(...children: PageElement[]): void {
    this.textContent = '';
    this.append(...children);
  }
}

class PageForm extends PageElement {
  fields: Readonly<Record<string, string>> = {};

  reset(): void {
    this.fields = {};
  }
}

class PageFormData {
  constructor(private readonly form?: PageForm) {}

  get(name: string): string {
    return this.form?.fields[name] ?? '';
  }
}

const FORMS = ['sign-in', 'sign-up'];
const WITH_FIELDS = [...FORMS, 'code'];
const BUTTONS = ['accept', 'sign-out', 'has-account'];

/**
 * Runs the script of the sign-in page, as the server gives it, without a browser. Its requests go to the server with
 * the person's cookie. This does not test the layout, or what a browser does by itself.
 */
export class SignInPage {
  focused = 'body';
  reloads = 0;
  /** The `sessionStorage` of the tab, which outlasts the page. */
  readonly tab: Map<string, string>;
  /** The requests of the script, such as `GET /api/v1/auth/me`. */
  readonly asked: string[] = [];
  readonly #elements = new Map<string, PageElement>();
  readonly #listeners = new Map<string, Listener>();

  readonly #location = { href: '', pathname: '', search: '', hash: '' };

  private constructor(
    private readonly person: Visitor,
    private readonly html: string,
    { at, tab }: { at: string; tab: Map<string, string> },
  ) {
    this.tab = tab;
    this.#location.href = person.server.url;
    this.#moveTo(at);
  }

  static async open(person: Visitor, at: string, tab = new Map<string, string>()): Promise<SignInPage> {
    const { text: html } = await person.call('GET', '/sign-in');
    const page = new SignInPage(person, html, { at, tab });
    const { text } = await person.call('GET', '/assets/sign-in.mjs');
    await (runInNewContext(`(async () => {${text}\n})()`, page.#globals()) as Promise<void>);
    return page;
  }

  get address(): string {
    return `${this.#location.pathname}${this.#location.hash}`;
  }

  /** The whole URL, which may belong to another site. */
  get url(): URL {
    return new URL(this.#location.href);
  }

  get message(): string {
    return this.element('message').textContent;
  }

  /** The id of the section that is shown. */
  get place(): string | undefined {
    return ['sign-in', 'sign-up', 'signed-in'].find((id) => !this.element(id).hidden);
  }

  isHiddenAtFirst(id: string): boolean {
    const [tag = ''] = new RegExp(`<[^>]*\\sid="${id}"[^>]*>`).exec(this.html) ?? [];
    return /\shidden[\s>]/.test(tag);
  }

  element(id: string): PageElement {
    const known = this.#elements.get(id);
    if (known) return known;
    const made = FORMS.includes(id) ? new PageForm(id, this) : new PageElement(id, this);
    this.#elements.set(id, made);
    return made;
  }

  async submit(id: string, fields: Readonly<Record<string, string>>): Promise<void> {
    const form = this.element(id) as PageForm;
    form.fields = fields;
    await form.listeners.get('submit')?.({ preventDefault: () => undefined });
  }

  async press(id: string): Promise<void> {
    this.element(id).focus();
    await this.element(id).listeners.get('click')?.({ preventDefault: () => undefined });
  }

  /** Leaves the page and comes back to it, while the browser has kept it in its back/forward cache. */
  async leaveAndComeBack(): Promise<void> {
    await this.#listeners.get('pagehide')?.({ persisted: true });
    await this.#listeners.get('pageshow')?.({ persisted: true });
  }

  #globals() {
    return {
      addEventListener: (event: string, listener: Listener) => this.#listeners.set(event, listener),
      document: {
        createElement: () => new PageElement('', this),
        getElementById: (id: string) => this.element(id),
        querySelector: (selector: string) => this.element(selector),
        querySelectorAll: () => BUTTONS.map((id) => this.element(id)),
      },
      fetch: async (path: string, { method, body }: { method: string; body?: string }) => {
        this.asked.push(`${method} ${path}`);
        const { status, headers, text } = await this.person.call(method, path, { body });
        const json = async () => Promise.resolve(JSON.parse(text) as unknown);
        return { ok: status < 400, status, headers, json };
      },
      FormData: PageFormData,
      history: { replaceState: (_: null, __: string, path: string) => this.#moveTo(path) },
      HTMLFormElement: PageForm,
      location: Object.assign(this.#location, {
        reload: () => (this.reloads += 1),
        assign: (path: string) => this.#moveTo(path),
      }),
      sessionStorage: {
        getItem: (name: string) => this.tab.get(name) ?? null,
        setItem: (name: string, value: string) => this.tab.set(name, value),
        clear: () => this.tab.clear(),
      },
      URLSearchParams,
      window: {},
    };
  }

  #moveTo(address: string): void {
    const { href, pathname, search, hash } = new URL(address, this.#location.href);
    Object.assign(this.#location, { href, pathname, search, hash });
  }
}
