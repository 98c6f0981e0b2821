import { systemClock, type Clock } from "../../core/clock.ts";
import type { RoundsReport } from "../worker-protocol.ts";

/** So often at most a unit tells of its rounds. */
const TELL_EVERY_MS = 100;
const MOST_TIMES = 256;

/** Gathers what became of the rounds of a unit, and tells it now and then. */
export class Rounds {
  readonly #tell: (report: RoundsReport) => void;
  readonly #clock: Clock;
  #report = emptyReport();
  /** Is there anything in it to tell? */
  #hasNews = false;
  /** When the round under way began. */
  #begunAt: number | undefined;
  /** Did the last one find that its server is away? */
  #wasWaiting = false;
  #timer: Disposable | undefined;

  constructor(tell: (report: RoundsReport) => void, clock: Clock = systemClock) {
    this.#tell = tell;
    this.#clock = clock;
  }

  /** One is under way: that is told too, should it take long. */
  begun(): void {
    this.#begunAt = this.#clock.now();
    this.#tellSoon();
  }

  done(ms: number): void {
    this.#report.done += 1;
    this.#took(ms);
    this.#ended({ isIdle: false, isWaiting: false });
  }

  /** There was nothing to do. */
  idle(): void {
    this.#ended({ isIdle: true, isWaiting: false });
  }

  failed(ms: number, error: string, isWaiting: boolean): void {
    this.#report.failed += 1;
    this.#report.error = error;
    this.#took(ms);
    this.#ended({ isIdle: false, isWaiting });
  }

  /** Tells at once what has not been told. */
  flush(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (!this.#hasNews) return;
    this.#hasNews = false;
    this.#tell(this.#report);
    this.#report = emptyReport();
  }

  #took(ms: number): void {
    const { tookMs } = this.#report;
    tookMs.push(ms);
    if (tookMs.length > MOST_TIMES) tookMs.shift();
  }

  #ended(state: Pick<RoundsReport, "isIdle" | "isWaiting">): void {
    Object.assign(this.#report, state);
    this.#hasNews = true;
    this.#begunAt = undefined;
    this.#wasWaiting = state.isWaiting;
    this.#tellSoon();
  }

  #tellSoon(): void {
    this.#timer ??= this.#clock.after(TELL_EVERY_MS, () => this.#look());
  }

  #look(): void {
    const tookMs = this.#begunAt === undefined ? undefined : this.#clock.now() - this.#begunAt;
    const isLong = tookMs !== undefined && tookMs >= TELL_EVERY_MS;
    // One that waits for its server only looks whether that is back.
    if (isLong && !this.#wasWaiting) {
      this.#report.isIdle = false;
      this.#hasNews = true;
    }
    this.flush();
    if (tookMs !== undefined && !isLong) this.#tellSoon();
  }
}

function emptyReport(): RoundsReport {
  return { done: 0, failed: 0, tookMs: [], isIdle: false, isWaiting: false, error: undefined };
}
