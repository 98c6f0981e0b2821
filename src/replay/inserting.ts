import { DingError } from "../core/errors.ts";
import { inOrder, planEpisode } from "./episode-plan.ts";
import { checkVersion, inputFault } from "./faults.ts";
import { columnsOf } from "./reading-steps.ts";
import type { EpisodeOptions, Inserted, InsertOptions, Steps } from "./replay-options.ts";
import type { RowStore } from "./store/row-store.ts";
import type { Entry, Table } from "./table.ts";

/** Items of one piece of an insert, at most: between pieces, samplers have their turn. */
const PIECE = 65_536;

/** An insert under way: how many of its items are in. */
export interface Insertion {
  readonly tables: readonly Table[];
  readonly count: number;
  done: number;
  /** Puts the items from `from` on in, `count` of them. */
  readonly put: (from: number, count: number) => void;
  /** Lets go of what it holds, once, however it ends. */
  readonly end: () => void;
}

/** Single steps as items. Throws `usage.invalid-input` before anything is stored. */
export function insertionOf(
  store: RowStore,
  tables: readonly Table[],
  { steps, options }: { steps: Steps; options: InsertOptions },
): Insertion {
  const data = columnsOf(store, steps);
  const count = store.countOf(data);
  const { priorityAt, version } = readInsert(options, count);
  const put = (from: number, size: number): void => {
    try {
      for (const table of tables) table.makeRoom(size);
      const rows = store.add(data, from, size);
      for (const table of tables) table.insert(rows, undefined, { priorityAt, from, version });
    } finally {
      for (const table of tables) table.giveUpRoom();
    }
  };
  return { tables, count, done: 0, put, end: () => {} };
}

/** Windows over the steps of an episode, or of several, as items; they share its rows. */
export function episodeOf(
  store: RowStore,
  tables: readonly Table[],
  { steps, options }: { steps: Steps; options: EpisodeOptions },
): Insertion {
  const given = columnsOf(store, steps);
  const length = store.countOf(given);
  const { order, runs, windows } = planEpisode(given, length, options);
  const data = order ? inOrder(given, store.plans, order) : given;
  const { priorityAt, version } = readInsert(options, windows.length);
  let rows: Int32Array | undefined;
  const put = (from: number, size: number): void => {
    if (!rows) {
      rows = store.add(data, 0, length);
      for (const run of runs) {
        store.link(rows.subarray(run.start, run.start + run.length));
        store.retain(rows[run.start] as number, run.length);
      }
    }
    const taken = windows.slice(from, from + size);
    const heads = Int32Array.from(taken, ({ start }) => rows?.[start] ?? 0);
    const lengths = Int32Array.from(taken, (window) => window.length);
    for (const table of tables) table.insert(heads, lengths, { priorityAt, from, version });
  };
  const end = (): void => {
    for (const run of rows ? runs : []) store.release(rows?.[run.start] ?? 0, run.length);
    rows = undefined;
  };
  return { tables, count: windows.length, done: 0, put, end };
}

/** Those of the tables for which steps of this policy are not too old. */
export function takersOf(tables: readonly Table[], { policyVersion = 0 }: InsertOptions): Table[] {
  return tables.filter((table) => !table.isStale(policyVersion));
}

/** Puts in what the limiters let through, and `pump()`s then; undefined while it has to wait for the rest. */
export function advance(insertion: Insertion, pump: () => void): Inserted | undefined {
  const { tables, count } = insertion;
  while (insertion.done < count) {
    const left = count - insertion.done;
    const size = insertableOf(tables, left);
    const held = size < left ? tables.filter((table) => !table.limiter.canInsert(left)) : [];
    if (held.some(({ settings }) => settings.mode === "reject")) {
      throw new DingError("queue.full", `Cannot insert ${left} items now: room for ${size}`);
    }
    if (size === 0) {
      if (!held.some(({ settings }) => settings.mode === "drop")) return undefined;
      for (const table of tables) table.counts.dropped += left;
      return { accepted: insertion.done, dropped: left };
    }
    for (const table of tables) table.isHungry = false;
    insertion.put(insertion.done, size);
    insertion.done += size;
    pump();
  }
  return { accepted: insertion.done, dropped: 0 };
}

/** How many of `count` items all tables take now, in one piece: 0 has to wait. */
function insertableOf(tables: readonly Table[], count: number): number {
  let most = Math.min(count, PIECE);
  for (const { limiter, settings, isHungry } of tables) {
    most = Math.min(most, settings.maxSize);
    const open = limiter.insertable(most);
    most = open === 0 && isHungry ? Math.min(most, 1) : open;
  }
  return most;
}

function readInsert(
  { priority, policyVersion = 0 }: InsertOptions,
  count: number,
): Pick<Entry, "priorityAt" | "version"> {
  checkVersion(policyVersion);
  const version = policyVersion;
  if (priority === undefined || priority === null) return { priorityAt: undefined, version };
  if (typeof priority === "number") {
    checkPriority(priority);
    return { priorityAt: () => priority, version };
  }
  if (priority.length !== count) {
    throw inputFault(`Cannot insert ${count} items with ${priority.length ?? "other"} priorities`);
  }
  for (let at = 0; at < count; at++) checkPriority(priority[at] ?? 0);
  return { priorityAt: (at) => priority[at] ?? undefined, version };
}

/** Refuses what is no number from 0 on. */
export function checkPriority(priority: unknown): void {
  if (typeof priority === "number" && priority >= 0 && priority < Infinity) return;
  throw inputFault(`Cannot take priority ${String(priority)}: not a number from 0 on`);
}
