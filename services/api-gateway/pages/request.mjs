/** The path with its parameters filled in, and the query of those that were given. */
export function urlOf(path, parameters) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) =>
    encodeURIComponent(valueOf(parameters, 'path', name)),
  );
  const given = parameters.filter((parameter) => parameter.in === 'query' && parameter.value !== '');
  const query = new URLSearchParams(given.map(({ name, value }) => [name, value])).toString();
  return query === '' ? filled : `${filled}?${query}`;
}

const valueOf = (parameters, place, name) =>
  parameters.find((parameter) => parameter.in === place && parameter.name === name)?.value ?? '';

/** The headers that were given, without the credential. */
export function headersOf(parameters, body) {
  const given = parameters.filter((parameter) => parameter.in === 'header' && parameter.value !== '');
  return {
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...Object.fromEntries(given.map(({ name, value }) => [name, value])),
  };
}

/** The same request for a terminal. The key stays a variable: what is copied lands in histories and in chats. */
export function curlOf({ method, url, headers, body, needsKey }) {
  const lines = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`);
  return [
    `curl ${method === 'GET' ? '' : `-X ${method} `}${quoted(new URL(url, location.origin).href)}`,
    ...(needsKey ? ['-H "Authorization: Bearer $HKLST_KEY"'] : []),
    ...lines,
    ...(body === undefined ? [] : [`-d ${quoted(body)}`]),
  ].join(' \\\n  ');
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * Sends it and gives what came back. No cookie goes along, so that the key alone decides, and nothing is kept by the
 * browser. `onText` sees the body as it arrives, which for a stream of events is the only way to see it.
 */
export async function send({ method, url, headers, body, key, signal, onText }) {
  const started = performance.now();
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(key === '' ? {} : { Authorization: `Bearer ${key}` }) },
    ...(body === undefined ? {} : { body }),
    credentials: 'omit',
    cache: 'no-store',
    redirect: 'error',
    signal,
  });
  const answer = {
    status: response.status,
    statusText: response.statusText,
    headers: [...response.headers],
    text: '',
  };
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader.read()) {
    answer.text += part.value;
    onText(answer);
  }
  return { ...answer, ms: Math.round(performance.now() - started) };
}
