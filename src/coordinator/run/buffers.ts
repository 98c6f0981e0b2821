import { Replay, type TableStats } from "../../replay/replay.ts";
import type { ReplayOptions } from "../../replay/replay-options.ts";
import type { ReplayPart, ReplaySnapshot } from "../../replay/replay-snapshot.ts";

/** How buffers are made. */
export type BufferOptions = Omit<ReplayOptions, "onRelease">;

/** The replays of a run by the names that its commander gave them. */
export class Buffers implements Disposable {
  readonly #options: BufferOptions;
  readonly #replays = new Map<string, Replay>();

  constructor(options: BufferOptions) {
    this.#options = options;
  }

  get ids(): readonly string[] {
    return [...this.#replays.keys()];
  }

  get(id: string): Replay | undefined {
    return this.#replays.get(id);
  }

  /** Makes it, unless it is there. */
  open(id: string): Replay {
    const there = this.#replays.get(id);
    if (there) return there;
    const replay = new Replay(this.#options);
    this.#replays.set(id, replay);
    return replay;
  }

  /** Whoever waits for it hears that it is closed. False when it is not there. */
  close(id: string): boolean {
    const replay = this.#replays.get(id);
    replay?.close("its learner has ended");
    return this.#replays.delete(id);
  }

  /** Items in all of its tables. */
  size(id: string): number {
    const replay = this.#replays.get(id);
    return replay?.tables.reduce((sum, table) => sum + replay.stats(table).size, 0) ?? 0;
  }

  /** What every table looks like. */
  stats(): { bufferId: string; table: string; stats: TableStats; waiting: number }[] {
    return [...this.#replays].flatMap(([bufferId, replay]) =>
      replay.tables.map((table) => ({
        bufferId,
        table,
        stats: replay.stats(table),
        waiting: replay.waiting,
      })),
    );
  }

  /** All of them as they are now; read each to its end, or dispose of it. */
  snapshots(): [id: string, snapshot: ReplaySnapshot][] {
    return [...this.#replays].map(([id, replay]) => [id, replay.snapshot()]);
  }

  /** Makes one anew of its parts, in the place of the one of this name; says how many items are lost. */
  restore(id: string, parts: Iterable<ReplayPart>): { items: number; lost: number } {
    this.close(id);
    return this.open(id).loadStateDict(parts);
  }

  [Symbol.dispose](): void {
    for (const replay of this.#replays.values()) replay.close("the coordinator has ended");
    this.#replays.clear();
  }
}
