import { DingError } from "../../core/errors.ts";
import type { StepWindow } from "../../replay/replay-options.ts";
import type { InsertWords, SampleWords } from "./replay-words.ts";

/** What a worker says beside an insert, checked; `network.protocol` where it cannot be. */
export function readInsertWords(meta: unknown): InsertWords {
  const words = readObject(meta);
  const { tables, short, groupBy, windows } = words;
  if (tables !== undefined && !isNames(tables)) throw fault("tables");
  if (short !== undefined && short !== "keep" && short !== "drop") throw fault("short");
  if (groupBy !== undefined && typeof groupBy !== "string") throw fault("groupBy");
  if (windows !== undefined && !isWindows(windows)) throw fault("windows");
  return {
    tables,
    short,
    groupBy,
    windows,
    policyVersion: readNumber(words, "policyVersion"),
    timeoutMs: readNumber(words, "timeoutMs"),
    unrollLen: readNumber(words, "unrollLen"),
    stride: readNumber(words, "stride"),
  };
}

/** What a worker says beside a sample. */
export function readSampleWords(meta: unknown): SampleWords {
  const words = readObject(meta);
  const { table = null } = words;
  if (table !== null && typeof table !== "string") throw fault("table");
  const count = readNumber(words, "count") ?? 0;
  return { table, count, policyVersion: readNumber(words, "policyVersion") ?? null };
}

/** What a worker says beside keys of items that go. */
export function readDeleteWords(meta: unknown): {
  table: string | null;
  why: "deleted" | "lost";
} {
  const { table = null, why = "deleted" } = readObject(meta);
  if (table !== null && typeof table !== "string") throw fault("table");
  if (why !== "deleted" && why !== "lost") throw fault("why");
  return { table, why };
}

/** A list of numbers. */
export function readList(value: unknown): ArrayLike<number> {
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return value as unknown as number[];
  throw fault("body");
}

function readObject(meta: unknown): Record<string, unknown> {
  if (typeof meta === "object" && meta !== null) return meta as Record<string, unknown>;
  throw fault("meta");
}

function readNumber(words: Record<string, unknown>, name: string): number | undefined {
  const value = words[name] ?? undefined;
  if (value === undefined || typeof value === "number") return value;
  throw fault(name);
}

function isNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === "string");
}

function isWindows(value: unknown): value is StepWindow[] {
  return Array.isArray(value) && value.every((one) => typeof one === "object" && one !== null);
}

function fault(name: string): DingError {
  return new DingError("network.protocol", `Cannot read call of a worker: its ${name} is no such`);
}
