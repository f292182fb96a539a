import { element } from './element.mjs';
import { curlOf, headersOf, send, urlOf } from './request.mjs';
import { exampleOf, resolve } from './schema.mjs';

const BODY_ROWS_MAX = 16;

/** A form that sends one operation's request and shows the answer. `keyOf` gives the key at the moment of sending. */
export function tryForm({ openApi, operation, keyOf }) {
  const inputs = (operation.parameters ?? []).map((parameter) => parameterInput(openApi, parameter));
  const body = bodyInput(openApi, operation);
  const answer = element('div', { class: 'answer', 'aria-live': 'polite' });
  const curl = element('pre', { class: 'curl', tabindex: 0 });
  const button = element('button', { type: 'submit' }, `Send ${operation.method}`);
  const needsKey = operation.security.some((way) => 'apiKey' in way);

  const request = () => {
    const parameters = inputs.map(({ parameter, input }) => ({ ...parameter, value: input.value }));
    const text = body?.value;
    const url = urlOf(operation.path, parameters);
    return { method: operation.method, url, headers: headersOf(parameters, text), body: text, needsKey };
  };
  const showCurl = () => curl.replaceChildren(curlOf(request()));
  const submit = (event) => {
    event.preventDefault();
    void run({ button, answer, request: { ...request(), key: needsKey ? keyOf() : '' } });
  };
  showCurl();
  return element(
    'form',
    { class: 'try', submit, input: showCurl, autocomplete: 'off' },
    inputs.map(({ row }) => row),
    body ? element('label', { class: 'wide' }, element('span', {}, 'Body'), body) : '',
    button,
    element('details', { class: 'wide' }, element('summary', {}, 'As a command'), curl),
    answer,
  );
}

function parameterInput(openApi, parameter) {
  const schema = resolve(openApi, parameter.schema);
  const choices = schema.type === 'boolean' ? ['true', 'false'] : schema.enum;
  const required = parameter.required === true;
  const start = required ? exampleOf(openApi, schema) : '';
  const input = choices
    ? element(
        'select',
        {},
        ['', ...choices].map((choice) => element('option', { value: choice }, choice || '–')),
      )
    : element('input', { type: 'text', value: start, spellcheck: 'false', autocapitalize: 'off', required });
  const row = element('label', {}, element('span', {}, parameter.name, required ? ' *' : ''), input);
  return { parameter, input, row };
}

function bodyInput(openApi, { requestBody }) {
  if (!requestBody) return undefined;
  const { schema } = requestBody.content['application/json'];
  const text = JSON.stringify(exampleOf(openApi, schema), null, 2);
  const rows = Math.min(text.split('\n').length + 1, BODY_ROWS_MAX);
  const area = element('textarea', { rows, spellcheck: 'false', autocapitalize: 'off' });
  area.value = text;
  return area;
}

/** Sends; a second press of the button meanwhile stops it. */
async function run({ button, answer, request }) {
  const label = button.textContent;
  const stop = new AbortController();
  const onStop = (event) => {
    event.preventDefault();
    stop.abort();
  };
  button.textContent = 'Stop';
  button.addEventListener('click', onStop);
  const show = (received) => answer.replaceChildren(...answerView(received));
  try {
    show(await send({ ...request, signal: stop.signal, onText: show }));
  } catch {
    // The browser does not tell a page why; an answer that had begun stays.
    const why = stop.signal.aborted ? 'Stopped.' : 'No answer: the server cannot be reached.';
    answer.append(element('p', { class: 'status bad' }, why));
  } finally {
    button.removeEventListener('click', onStop);
    button.textContent = label;
  }
}

function answerView({ status, statusText, headers, text, ms }) {
  const time = ms === undefined ? '' : ` · ${ms} ms`;
  const lines = headers.map(([name, value]) => `${name}: ${value}`).join('\n');
  return [
    element('p', { class: status < 400 ? 'status good' : 'status bad' }, `${status} ${statusText}${time}`),
    text === '' ? '' : element('pre', { tabindex: 0 }, indented(text)),
    element('details', {}, element('summary', {}, 'Headers'), element('pre', { tabindex: 0 }, lines)),
  ].filter((part) => part !== '');
}

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
