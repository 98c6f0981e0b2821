import { readFileSync } from "node:fs";
import { DingError, messageOf } from "../../core/errors.ts";
import { isRecord } from "../../core/is-record.ts";

/** What a platform's specification says of one launch; what it does not say comes from elsewhere. */
export interface SpecTask {
  address?: string | undefined;
  ports?: number[] | undefined;
  nodeIds?: number[] | undefined;
  attachTo?: string[] | undefined;
  labels?: string[] | undefined;
  parallelWorkers?: number | undefined;
}

/** One task for each rank. */
export interface PlatformSpec {
  tasks: SpecTask[];
}

const HINT =
  'Pass {"tasks": [{"node_ids": 0, "labels": "learn"}, {"attach_to": "$node.0"}]}, or a file of it.';

/**
 * Reads `--platform-spec`: JSON as it is, or the name of a file. Keys as the ancestor spells them (`node_ids`,
 * `attach_to`), with dashes or in camel case; lists as texts with commas too. Throws `usage.invalid-option`.
 */
export function readPlatformSpec(given: string): PlatformSpec {
  const isInline = /^\s*[[{]/.test(given);
  const value = parsed(isInline ? given : contentOf(given), isInline ? "it" : `file "${given}"`);
  const tasks = isRecord(value) ? value["tasks"] : undefined;
  if (!Array.isArray(tasks)) throw fault('it has no list of "tasks"');
  return { tasks: tasks.map((task, rank) => readTask(task, rank)) };
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw fault(`file "${file}" cannot be read: ${messageOf(error)}`);
  }
}

function parsed(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw fault(`${what} is no JSON: ${messageOf(error)}`);
  }
}

const KEYS = ["address", "ports", "nodeids", "attachto", "labels", "parallelworkers"];

function readTask(value: unknown, rank: number): SpecTask {
  if (!isRecord(value)) throw fault(`task ${rank} is no object`);
  const fields = new Map(Object.entries(value).map(([key, field]) => [plain(key), field]));
  const unknown = Object.keys(value).find((key) => !KEYS.includes(plain(key)));
  if (unknown !== undefined) throw fault(`task ${rank} has an unknown key "${unknown}"`);
  const task = { rank, fields };
  const workers = numbersOf(task, "parallelworkers")?.[0];
  return {
    address: textsOf(task, "address")?.[0],
    ports: numbersOf(task, "ports"),
    nodeIds: numbersOf(task, "nodeids"),
    attachTo: textsOf(task, "attachto"),
    labels: textsOf(task, "labels"),
    parallelWorkers: workers,
  };
}

function plain(key: string): string {
  return key.toLowerCase().replaceAll(/[_-]/g, "");
}

interface TaskFields {
  rank: number;
  fields: ReadonlyMap<string, unknown>;
}

function textsOf({ rank, fields }: TaskFields, key: string): string[] | undefined {
  const value = fields.get(key);
  if (value === undefined || value === null) return undefined;
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values.flatMap((one) => {
    if (typeof one !== "string" && typeof one !== "number") {
      throw fault(`"${key}" of task ${rank} is neither text nor number`);
    }
    return String(one)
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "");
  });
}

function numbersOf(task: TaskFields, key: string): number[] | undefined {
  return textsOf(task, key)?.map((text) => {
    if (/^\d{1,9}$/.test(text)) return Number(text);
    throw fault(`"${key}" of task ${task.rank} has "${text}", which is no number`);
  });
}

function fault(why: string): DingError {
  return new DingError("usage.invalid-option", `Cannot use --platform-spec: ${why}`, {
    hint: HINT,
  });
}
