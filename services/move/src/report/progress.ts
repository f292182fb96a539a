import { SingleBar } from 'cli-progress';

/** Shows the progress of a long command. */
export interface Progress {
  /** Runs `work`, which calls `onItem` for each item. `total` is the expected number of items, if it is known. */
  step<T>(name: string, total: number | undefined, work: (onItem: () => void) => Promise<T>): Promise<T>;
}

/** An output stream, such as process.stdout or process.stderr. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

const REDRAWS_PER_SECOND = 10;
const LINE_INTERVAL_MS = 5_000;

/** Shows a bar on a terminal. Elsewhere it writes a line every five seconds, and one at the end of each step. */
export function createProgress(screen: Screen): Progress {
  return isTerminal(screen) ? barProgress(screen) : lineProgress(screen);
}

function isTerminal(screen: Screen): screen is Screen & NodeJS.WritableStream {
  return screen.isTTY === true;
}

function barProgress(stream: NodeJS.WritableStream): Progress {
  return {
    async step(name, total, work) {
      const counted = total === undefined ? '{shown}' : '[{bar}] {shown} of {all}, {eta_formatted} left';
      const bar = new SingleBar({ stream, format: `${name} ${counted}`, fps: REDRAWS_PER_SECOND, stopOnComplete: false, etaBuffer: 100 }); // prettier-ignore
      const payload = (count: number) => ({ shown: thousands(count), all: thousands(total ?? count) });
      let count = 0;
      bar.start(total ?? 0, 0, payload(0));
      const redrawing = setInterval(() => bar.update(count, payload(count)), 1000 / REDRAWS_PER_SECOND);
      try {
        return await work(() => (count += 1));
      } finally {
        clearInterval(redrawing);
        bar.update(count, payload(count));
        bar.stop();
      }
    },
  };
}

function lineProgress(screen: Screen): Progress {
  return {
    async step(name, total, work) {
      let count = 0;
      const of = total === undefined ? '' : ` of ${thousands(total)}`;
      const line = () => screen.write(`${name}: ${thousands(count)}${of}\n`);
      const reporting = setInterval(line, LINE_INTERVAL_MS);
      try {
        return await work(() => (count += 1));
      } finally {
        clearInterval(reporting);
        line();
      }
    },
  };
}

export function thousands(count: number): string {
  return count.toLocaleString('en');
}
