/** Where work stands, as a progress bar shows it. */
export interface ProgressFacts {
  /** Undefined as long as nobody knows. */
  total: number | undefined;
  done: number;
  failed: number;
  /** Said at the end of the line, such as "8 slaves". */
  note: string;
}

/** A progress bar that is there. */
export interface Progress extends Disposable {
  update(facts: ProgressFacts): void;
  /** Writes above the bar; for everything else that goes to the same terminal. */
  readonly stream: NodeJS.WriteStream;
}

const REDRAW_MS = 100;
/** The rate is that of this time, so that it follows what happens and does not jump. */
const RATE_WINDOW_MS = 15_000;
const SAMPLE_MS = 250;
const MAX_BAR = 40;
const MIN_BAR = 8;
const CLEAR = "\r\u001b[K";

/** A bar on the last line of a terminal; nothing at all where there is none. */
export function showProgress(stream: NodeJS.WriteStream): Progress {
  if (!stream.isTTY) return { update() {}, stream, [Symbol.dispose]() {} };
  const rate = new Rate();
  let facts: ProgressFacts | undefined;
  const draw = (): void => {
    if (!facts) return;
    const perSecond = rate.perSecond(performance.now());
    stream.write(`${CLEAR}${progressLine(facts, { perSecond, columns: stream.columns || 80 })}`);
  };
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  const above = Object.create(stream, {
    write: {
      value: (text: string) => {
        const isWritten = stream.write(`${facts ? CLEAR : ""}${text}`);
        draw();
        return isWritten;
      },
    },
  }) as NodeJS.WriteStream;
  return {
    stream: above,
    update(now) {
      facts = now;
      rate.add(performance.now(), now.done);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      if (facts) stream.write(CLEAR);
      facts = undefined;
    },
  };
}

/** How many per second of late. */
export class Rate {
  #samples: { at: number; done: number }[] = [];
  #done = 0;

  add(at: number, done: number): void {
    this.#done = done;
    const last = this.#samples.at(-1);
    if (last && at - last.at < SAMPLE_MS) return;
    this.#samples.push({ at, done });
    const from = this.#samples.findIndex((sample) => at - sample.at <= RATE_WINDOW_MS);
    this.#samples.splice(0, from);
  }

  /** Undefined before there is anything to say. */
  perSecond(at: number): number | undefined {
    const [first] = this.#samples;
    if (!first || this.#done <= first.done || at <= first.at) return undefined;
    return ((this.#done - first.done) * 1_000) / (at - first.at);
  }
}

/** The line of the bar; what does not fit into the terminal is left out, the least important first. */
export function progressLine(
  { total, done, failed, note }: ProgressFacts,
  { perSecond, columns }: { perSecond: number | undefined; columns: number },
): string {
  const left = total !== undefined && perSecond !== undefined ? total - done : 0;
  const texts = [
    total === undefined ? `${done} done` : `${done}/${total}`,
    failed > 0 ? `${failed} failed` : "",
    perSecond === undefined ? "" : `${rateText(perSecond)}/s`,
    left > 0 && perSecond !== undefined ? `${timeText(left / perSecond)} left` : "",
    note,
  ].filter((text) => text !== "");
  // The last column stays free: some terminals wrap when it is written to.
  const room = Math.max(columns - 1, 1);
  while (texts.length > 1 && texts.join("  ").length > room) texts.pop();
  const line = texts.join("  ").slice(0, room);
  const size = Math.min(MAX_BAR, room - line.length - "[]  ".length);
  return total === undefined || size < MIN_BAR ? line : `${barText(done / total, size)}  ${line}`;
}

function barText(share: number, size: number): string {
  const full = Math.floor(Math.min(1, share || 0) * size);
  return `[${"#".repeat(full)}${"-".repeat(size - full)}]`;
}

function rateText(perSecond: number): string {
  return perSecond >= 100 ? perSecond.toFixed(0) : perSecond.toPrecision(2);
}

/** 75 → "1:15", 3700 → "1:01:40", 200,000 → "2 days" */
export function timeText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole >= 172_800) return `${Math.round(whole / 86_400)} days`;
  const pad = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  const rest = `${pad(whole % 60)}`;
  if (whole < 3_600) return `${Math.floor(whole / 60)}:${rest}`;
  return `${Math.floor(whole / 3_600)}:${pad((whole % 3_600) / 60)}:${rest}`;
}
