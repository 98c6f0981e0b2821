import { systemClock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import { SampleBatch, stepOf } from "./batch.ts";
import { Draw } from "./draw.ts";
import { checkCount, checkKeys, checkVersion, inputFault } from "./faults.ts";
import {
  advance,
  checkPriority,
  episodeOf,
  type Insertion,
  insertionOf,
  takersOf,
} from "./inserting.ts";
import { WaitingLine } from "./limiter/waiting-line.ts";
import { makeTables } from "./make-tables.ts";
import { countOf } from "./reading-steps.ts";
import type {
  EpisodeOptions,
  Inserted,
  InsertOptions,
  ReplayOptions,
  SampleOptions,
  Steps,
} from "./replay-options.ts";
import { type ReplayPart, ReplaySnapshot, type Restored } from "./replay-snapshot.ts";
import { Restoring } from "./restoring.ts";
import type { ColumnData } from "./store/column.ts";
import { gatherRows, makePlaces, RowStore } from "./store/row-store.ts";
import { NO_SCHEMA } from "./store/schema.ts";
import type { Table } from "./table.ts";
import { largestSample, tablesOf } from "./table-options.ts";
import { statsOf, type TableStats } from "./table-stats.ts";

export type { TableStats } from "./table-stats.ts";

const DEFAULT_MAX_WAITERS = 4096;
const NAMES = [
  "tables",
  "schema",
  "seed",
  "maxWaiters",
  "onRelease",
  "clock",
] as const satisfies (keyof ReplayOptions)[];

/**
 * Tables over one store of steps, which they share. Inserts and samples pass the tables' limiters: they wait, are
 * dropped or refused, as each table's mode says. Nothing here opens or spawns anything; `close()` ends all waits.
 */
export class Replay {
  readonly #store: RowStore;
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #line: WaitingLine;

  /** `usage.invalid-option` with the path of what cannot work. */
  constructor(options: ReplayOptions) {
    checkKeys("options", options, NAMES);
    const { schema = NO_SCHEMA, seed = 0, clock = systemClock, onRelease } = options;
    const { maxWaiters = DEFAULT_MAX_WAITERS } = options;
    checkCount("maxWaiters", maxWaiters, { least: 0 });
    const settings = tablesOf(options.tables);
    const expectedRows = settings.reduce((rows, { maxSize }) => rows + maxSize, 0);
    this.#store = new RowStore(
      schema,
      expectedRows,
      onRelease && ((row) => onRelease(stepOf(this.#store, this.#stepAt(row), 0))),
    );
    this.#tables = makeTables(settings, this.#store, seed);
    this.#line = new WaitingLine(clock, maxWaiters);
  }

  get tables(): readonly string[] {
    return [...this.#tables.keys()];
  }

  /** Inserts and samples that wait now. */
  get waiting(): number {
    return this.#line.length;
  }

  /** Steps that some table holds. */
  get steps(): number {
    return this.#store.used;
  }

  /** Bytes of a step; of an object, of which nobody knows, 8. */
  get stepBytes(): number {
    return this.#store.rowBytes;
  }

  /**
   * Inserts each step as an item. Where a limiter holds it back, "block" waits (what fits goes in meanwhile), "drop"
   * inserts what fits and counts the rest, "reject" inserts all or throws `queue.full`. A wait that ends early throws
   * `wait.timeout`, `service.stopping` or the signal's reason; `details.accepted` says how many are in.
   */
  async insert(steps: Steps, options: InsertOptions = {}): Promise<Inserted> {
    const named = this.#named(options.tables);
    const tables = takersOf(named, options);
    const insertion = insertionOf(this.#store, tables, { steps, options });
    return await this.#insert(insertion, named, options);
  }

  /** As `insert()`, with the windows of one episode as items. They keep its steps once. */
  async insertEpisode(steps: Steps, options: EpisodeOptions = {}): Promise<Inserted> {
    const named = this.#named(options.tables);
    const insertion = episodeOf(this.#store, takersOf(named, options), { steps, options });
    return await this.#insert(insertion, named, options);
  }

  /** How many steps there are in what an insert would take; `usage.invalid-input` where it would take none of it. */
  countSteps(steps: Steps): number {
    return countOf(this.#store, steps);
  }

  /**
   * Samples `count` items at once, all or none. Mode "block" waits until there are so many, "drop" gives undefined,
   * "reject" throws `wait.timeout`. `into` is a batch of before, to be filled anew.
   */
  async sample(
    table: string,
    count: number,
    options: SampleOptions & { into?: SampleBatch } = {},
  ): Promise<SampleBatch | undefined> {
    const from = this.#find(table);
    const now = this.trySample(table, count, options);
    if (now) return now;
    const { mode } = from.settings;
    if (mode === "drop") return undefined;
    const what = `${count} items of table "${table}"`;
    if (mode === "reject") {
      const state = `${from.size} items, ${from.limiter.diff} samples due`;
      throw new DingError("wait.timeout", `Cannot sample ${what} now: ${state}`);
    }
    const { signal, timeoutMs } = options;
    const attempt = (): SampleBatch | undefined => this.#sample(from, count, options);
    return await this.#line.wait({ keys: [`sample ${table}`], attempt, what, signal, timeoutMs });
  }

  /** As `sample()`, but undefined where that would wait. */
  trySample(
    table: string,
    count: number,
    options: Pick<SampleOptions, "policyVersion"> & { into?: SampleBatch } = {},
  ): SampleBatch | undefined {
    this.#line.throwIfClosed();
    checkVersion(options.policyVersion);
    const from = this.#find(table);
    const most = largestSample(from.settings);
    if (!Number.isSafeInteger(count) || count < 1 || count > most) {
      throw inputFault(
        `Cannot sample ${count} items of table "${table}" at once: from 1 to ${most}`,
        "What it gives at once is bound by maxSize · maxUse and by its limiter's minDiff and maxDiff.",
      );
    }
    if (this.#line.length > 0 && this.#line.isTaken([`sample ${table}`])) return undefined;
    const batch = this.#sample(from, count, options);
    if (batch && this.#line.length > 0) this.#line.pump();
    return batch;
  }

  /** Sets the priorities of items by their keys; items that are gone are passed over. Says how many were set. */
  updatePriorities(table: string, keys: ArrayLike<number>, priorities: ArrayLike<number>): number {
    const from = this.#find(table);
    if (keys.length !== priorities.length) {
      throw inputFault(`Cannot set ${priorities.length} priorities of ${keys.length} items`);
    }
    for (let at = 0; at < keys.length; at++) checkPriority(priorities[at]);
    let updated = 0;
    for (let at = 0; at < keys.length; at++) {
      if (from.update(keys[at] as number, priorities[at] as number)) updated++;
    }
    return updated;
  }

  /** Takes items out by their keys; `lost` says that their data was missing or broken. Says how many there were. */
  delete(table: string, keys: ArrayLike<number>, why: "deleted" | "lost" = "deleted"): number {
    const from = this.#find(table);
    let deleted = 0;
    for (let at = 0; at < keys.length; at++) if (from.delete(keys[at] as number, why)) deleted++;
    this.#store.settle();
    this.#line.pump();
    return deleted;
  }

  stats(table: string): TableStats {
    return statsOf(this.#find(table));
  }

  /** Everything as it is now, to be read part by part while it goes on. Read it to its end or dispose of it. */
  snapshot(): ReplaySnapshot {
    return new ReplaySnapshot(this.#store, [...this.#tables.values()]);
  }

  /** Everything, in parts of plain values. */
  stateDict(): ReplayPart[] {
    return [...this.snapshot()];
  }

  /**
   * Becomes what was saved; items whose rows are missing from the parts are lost, and counted. What it held before goes
   * without a word to `onRelease`. Parts of another replay are refused; where it was half loaded already, it is closed.
   */
  loadStateDict(parts: Iterable<ReplayPart>): Restored {
    using restoring = this.#restoring();
    for (const part of parts) restoring.take(part);
    return restoring.finish();
  }

  /** As `loadStateDict()`, of parts that come over time, from a file or a link. Nothing else may be asked meanwhile. */
  async loadParts(parts: AsyncIterable<ReplayPart>): Promise<Restored> {
    using restoring = this.#restoring();
    for await (const part of parts) restoring.take(part);
    return restoring.finish();
  }

  /** Ends every wait with `service.stopping`; whatever comes after throws it too. Twice is once. */
  close(reason = "it is closed"): void {
    this.#line.close(new DingError("service.stopping", `Cannot use the replay: ${reason}`));
  }

  #restoring(): Restoring {
    this.#line.throwIfClosed();
    // What waits to go in holds on to rows that would be others then.
    if (this.#line.isTaken(this.tables.map((name) => `insert ${name}`))) {
      throw new DingError("state.invalid", "Cannot load a state: inserts wait");
    }
    const over = (isWhole: boolean): void =>
      isWhole ? this.#line.pump() : this.close("its state could not be loaded");
    return new Restoring(this.#store, this.#tables, over);
  }

  async #insert(
    insertion: Insertion,
    named: readonly Table[],
    { signal, timeoutMs }: InsertOptions,
  ): Promise<Inserted> {
    const { tables, count } = insertion;
    this.#line.throwIfClosed();
    for (const table of named) if (!tables.includes(table)) table.counts.dropped += count;
    if (tables.length === 0) return { accepted: 0, dropped: count };
    const names = tables.map((table) => table.settings.name);
    const keys = names.map((name) => `insert ${name}`);
    const what = `room for ${count} items in ${names.map((name) => `"${name}"`).join(", ")}`;
    const pump = (): void => this.#line.pump();
    const attempt = (): Inserted | undefined => advance(insertion, pump);
    try {
      return await this.#line.wait({ keys, attempt, what, signal, timeoutMs });
    } catch (error) {
      if (!(error instanceof DingError)) throw error;
      const details = { ...error.details, accepted: insertion.done };
      throw new DingError(error.code, error.message, { hint: error.hint, details, cause: error });
    } finally {
      insertion.end();
      this.#store.settle();
    }
  }

  #sample(
    table: Table,
    count: number,
    { policyVersion, into }: Pick<SampleOptions, "policyVersion"> & { into?: SampleBatch },
  ): SampleBatch | undefined {
    table.advance(policyVersion ?? table.policyVersion);
    if (!table.limiter.canSample(count)) return undefined;
    table.isHungry = table.usesLeft < count;
    if (table.isHungry) return undefined;
    return this.#fill(table, count, into);
  }

  #fill(table: Table, count: number, into: SampleBatch | undefined): SampleBatch {
    const store = this.#store;
    const old = into?.fits(store, count) ? into : undefined;
    const draw = old?.draw ?? new Draw(count);
    table.draw(draw);
    const batch = old?.unroll === draw.unroll ? old : new SampleBatch(store, draw);
    batch.gather();
    store.settle();
    return batch;
  }

  #named(names: readonly string[] | undefined): readonly Table[] {
    if (!names) return [...this.#tables.values()];
    if (names.length === 0) throw inputFault("Cannot insert into no table");
    return [...new Set(names)].map((name) => this.#find(name));
  }

  #find(name: string): Table {
    const table = this.#tables.get(name);
    if (table) return table;
    throw inputFault(`Cannot find table "${name}"`, `There is ${this.tables.join(", ")}.`);
  }

  #stepAt(row: number): Record<string, ColumnData> {
    const places = makePlaces(this.#store, 1);
    gatherRows(this.#store, Int32Array.of(row), places);
    return places;
  }
}
