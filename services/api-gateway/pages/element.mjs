/**
 * An element with its attributes and children. Text is only ever set as text: nothing that the document or an answer
 * holds can become markup. An attribute that is undefined or false is left out; a function is a listener.
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (typeof value === 'function') made.addEventListener(name, value);
    else made.setAttribute(name, value === true ? '' : String(value));
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== ''));
  return made;
}

/** Text in which `code` stands between backticks. */
export function prose(text) {
  return text.split('`').map((part, index) => (index % 2 ? element('code', {}, part) : part));
}

/** Paragraphs, each of them prose. */
export function paragraphs(text = '') {
  return text
    .split('\n\n')
    .filter((part) => part !== '')
    .map((part) => element('p', {}, prose(part)));
}
