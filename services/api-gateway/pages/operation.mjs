import { element, paragraphs, prose } from './element.mjs';
import { answerMark, fieldItem, fieldList, requestMark, resolve, typeOf } from './schema.mjs';
import { tryForm } from './try-form.mjs';

/** Everything about one operation: what it is for, what it takes, what it answers, and a form to try it. */
export function operationView({ openApi, operation, keyOf }) {
  const { operationId, method, path, summary, description } = operation;
  const form = element('details', { class: 'part' }, element('summary', { class: 'call' }, 'Try it'));
  // Made when it is opened for the first time: most are not.
  form.addEventListener('toggle', () => form.append(tryForm({ openApi, operation, keyOf })), { once: true });
  return element(
    'article',
    { id: operationId, class: 'operation', 'aria-labelledby': `${operationId}-title` },
    element('h3', { id: `${operationId}-title` }, element('a', { href: `#${operationId}` }, summary)),
    element('p', { class: 'route' }, methodMark(method), element('code', {}, breakable(path))),
    paragraphs(description),
    element('p', { class: 'needs' }, needs(operation)),
    parametersView(openApi, operation),
    bodyView(openApi, operation),
    answersView(openApi, operation),
    form,
  );
}

export function methodMark(method) {
  return element('span', { class: `method ${method.toLowerCase()}` }, method);
}

/** A long path may break at its slashes. */
function breakable(path) {
  return path.split(/(?=\/)/).flatMap((step) => [element('wbr'), step]);
}

function needs({ security }) {
  if (security.length === 0) return 'Public: no credential is needed.';
  const ways = security.flatMap(Object.entries).map(([scheme, [what]]) => {
    if (scheme === 'apiKey') return ['a key with ', element('code', {}, what)];
    return what ? ['a person who is at least ', element('code', {}, what)] : ['a person who has signed in'];
  });
  return ['For ', ...ways.flatMap((way, index) => (index > 0 ? [', or ', ...way] : way)), '.'];
}

function parametersView(openApi, { parameters = [] }) {
  if (parameters.length === 0) return undefined;
  const items = parameters.map((parameter) => {
    const schema = resolve(openApi, parameter.schema);
    const type = `${typeOf(openApi, schema)}, ${parameter.in}`;
    return fieldItem({ ...parameter, mark: requestMark(parameter), type, schema });
  });
  return part('Parameters', element('ul', { class: 'fields' }, items));
}

function bodyView(openApi, { requestBody }) {
  const schema = requestBody?.content['application/json'].schema;
  return schema && part('Body', fieldList(openApi, schema, requestMark));
}

function answersView(openApi, { responses }) {
  const all = Object.entries(responses).map(([status, response]) => [status, resolve(openApi, response)]);
  const good = all.filter(([status]) => Number(status) < 400);
  const bad = all.filter(([status]) => Number(status) >= 400);
  return [
    ...good.map(([status, response]) => part(`Answer ${status}`, answerView(openApi, response))),
    part('Errors', element('ul', { class: 'errors' }, bad.map(errorLine))),
  ];
}

function answerView(openApi, { description, headers = {}, content = {} }) {
  const [type, { schema } = {}] = Object.entries(content)[0] ?? [];
  const names = Object.keys(headers).filter((name) => name !== 'X-Request-Id');
  return element(
    'div',
    {},
    element('p', {}, type ? `${description}: ${type}` : `${description}: no body`),
    names.length > 0
      ? element(
          'p',
          {},
          'Headers: ',
          names.flatMap((name) => [element('code', {}, name), ' ']),
        )
      : '',
    fieldList(openApi, schema?.items ?? schema, answerMark),
  );
}

function errorLine([status, { description }]) {
  return element('li', {}, element('b', {}, status), ' ', prose(description));
}

function part(title, ...content) {
  return element('details', { class: 'part' }, element('summary', {}, title), content);
}
