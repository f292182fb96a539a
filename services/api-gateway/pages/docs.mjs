import { element, paragraphs } from './element.mjs';
import { methodMark, operationView } from './operation.mjs';

const WIDE = '(min-width: 60rem)';

const key = document.querySelector('#key');
const forget = document.querySelector('#forget');
const main = document.querySelector('#operations');
const contents = document.querySelector('#contents');

// The key lives in this field and nowhere else.
const emptyKey = () => {
  key.value = '';
  forget.hidden = true;
};
key.addEventListener('input', () => (forget.hidden = key.value === ''));
forget.addEventListener('click', emptyKey);

// Leaving the page empties it of the key, of what was sent and of the answers. A browser that keeps the page for its Back
// button would show all of that again; the page is then loaded anew.
addEventListener('pagehide', () => {
  emptyKey();
  main.replaceChildren();
});
addEventListener('pageshow', ({ persisted }) => {
  if (persisted) location.reload();
});

// Always open beside the text; above it, folded until it is wanted.
const wide = matchMedia(WIDE);
const fold = () => (contents.open = wide.matches);
wide.addEventListener('change', fold);
contents.addEventListener('click', ({ target }) => {
  if (!wide.matches && target.closest('a')) contents.open = false;
});
fold();

try {
  const response = await fetch('openapi.json', { credentials: 'omit' });
  show(await response.json());
} catch {
  main.append(element('p', { class: 'status bad' }, 'openapi.json cannot be loaded; reload the page.'));
}
main.removeAttribute('aria-busy');

function show(openApi) {
  const operations = operationsOf(openApi);
  main.append(element('h1', {}, `${openApi.info.title} API`), ...paragraphs(openApi.info.description));
  for (const { name, description } of openApi.tags) {
    const own = operations.filter(({ tags }) => tags.includes(name));
    document.querySelector('#sections').append(sectionLinks(name, own));
    main.append(
      element(
        'section',
        { 'aria-labelledby': anchorOf(name) },
        element('h2', { id: anchorOf(name) }, name),
        paragraphs(description),
        own.map((operation) => operationView({ openApi, operation, keyOf: () => key.value.trim() })),
      ),
    );
  }
  // The browser looked for the place before there was one.
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function operationsOf({ paths }) {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      path,
      method: method.toUpperCase(),
    })),
  );
}

function sectionLinks(name, operations) {
  const links = operations.map(({ operationId, method, summary }) =>
    element(
      'li',
      {},
      element('a', { href: `#${operationId}` }, methodMark(method), element('span', {}, summary)),
    ),
  );
  return element('li', {}, element('a', { href: `#${anchorOf(name)}` }, name), element('ul', {}, links));
}

function anchorOf(name) {
  return `section-${name.toLowerCase().replaceAll(' ', '-')}`;
}
