import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const SESSION_MS_MAX = 60_000;
const END_OF_STEP = '~~ end of step ~~';
const BLOCK = /^```(\w*)\n([\s\S]*?)^```$/gm;

/** A block of commands, and the output that the page shows for it, or null. */
export interface Step {
  readonly commands: string;
  readonly shown: string | null;
}

/** Gives the `sh` blocks of a page that call curl, or the page's function `as`, each with the output block after it. */
export function stepsOf(page: string): Step[] {
  const text = readFileSync(path.join(__dirname, '../../docs/guide', page), 'utf8');
  const blocks = [...text.matchAll(BLOCK)].map(([, language = '', content = '']) => ({ language, content }));
  return blocks.flatMap(({ language, content: commands }, at) => {
    if (language !== 'sh' || !/\bcurl\b|^as /m.test(commands)) return [];
    const next = blocks[at + 1];
    return [{ commands, shown: next && next.language !== 'sh' ? next.content : null }];
  });
}

/** Runs the steps in order in one shell, in a new folder. Gives the output of each step. */
export async function runSteps(steps: readonly Step[], env: Record<string, string>): Promise<string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hklst-guide-'));
  const script = steps.map(({ commands }) => `${commands}\necho '${END_OF_STEP}'\n`).join('');
  try {
    const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
      timeout: SESSION_MS_MAX,
    });
    return stdout.split(`${END_OF_STEP}\n`).slice(0, -1);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Parses the output, and replaces what differs between two runs: ids, times, tokens. */
export function shapeOf(printed: string): unknown[] {
  return documentsIn(printed).map((document) => JSON.parse(generic(JSON.stringify(document))) as unknown);
}

/** Parses one JSON document over several lines, or one per line. curl prints no line break after a document. */
function documentsIn(printed: string): unknown[] {
  try {
    return [JSON.parse(printed)];
  } catch {
    return printed
      .replaceAll('}{', '}\n{')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
  }
}

function generic(json: string): string {
  return json
    .replaceAll(/\b([a-z]{3})_[0-9a-hjkmnp-tv-z]{26}\b/g, '$1_…')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'a time')
    .replaceAll(/"request_id":"[0-9a-f-]{30,50}"/g, '"request_id":"a request"')
    .replaceAll(/http:\/\/[^/"]+(\/[a-z-]+)#token=[^"]+/g, 'http://…$1#token=…');
}
