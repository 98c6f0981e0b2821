import type { Clock } from "../core/clock.ts";
import type { Assignment } from "./assignment.ts";
import type { Line } from "./line.ts";

/** A short piece is over before so long, in steps of which is looked. */
const LONG_MS = 20;

/** Takes back what lies ready behind a piece that turns out to be long: another worker may be free for it. */
export class Recaller implements Disposable {
  readonly #clock: Clock;
  readonly #lines: ReadonlySet<Line>;
  #timer: Disposable | undefined;

  constructor(clock: Clock, lines: ReadonlySet<Line>) {
    this.#clock = clock;
    this.#lines = lines;
  }

  /** Gives a piece to a line. */
  give(line: Line, piece: Assignment): void {
    line.add(piece);
    this.#lookLater(line);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  /** One timer looks at all of them, while anything lies ready. */
  #lookLater(line: Line): void {
    if (this.#timer || !line.hasAhead || this.#lines.size < 2) return;
    this.#timer = this.#clock.after(LONG_MS, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    for (const line of this.#lines) {
      line.recallBehind(LONG_MS);
      this.#lookLater(line);
    }
  }
}
