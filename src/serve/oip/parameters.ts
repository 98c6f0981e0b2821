import { LONGEST_TIMER_MS } from "../../core/clock.ts";
import { fault, faultOf, shown } from "./fault.ts";
import type { JsonDocument } from "./request-document.ts";

/** What the parameters of a whole request say. */
export interface RequestParameters {
  /** 1 is served first; undefined for the model's default. */
  readonly priority: number | undefined;
  readonly timeoutMs: number | undefined;
  /** Should outputs come as bytes unless they say otherwise? */
  readonly isBinaryOutput: boolean;
  /** All others, for the plugin. */
  readonly rest: JsonDocument | undefined;
}

const NONE: RequestParameters = {
  priority: undefined,
  timeoutMs: undefined,
  isBinaryOutput: false,
  rest: undefined,
};

/** Reads the parameters of a request: priority, timeout in microseconds, binary_data_output, and what else there is. */
export function readParameters(parameters: JsonDocument, path: string): RequestParameters {
  const names = Object.keys(parameters);
  if (names.length === 0) return NONE;
  const { priority, timeout, binary_data_output: isBinary } = parameters;
  const microseconds = wholeAt(timeout, `${path}.timeout`);
  return {
    priority: wholeAt(priority, `${path}.priority`) || undefined,
    // Longer than a timer can wait is as good as for ever.
    timeoutMs: microseconds ? Math.min(microseconds / 1_000, LONGEST_TIMER_MS) : undefined,
    isBinaryOutput: flagAt(isBinary, `${path}.binary_data_output`) ?? false,
    rest: names.every((name) => OWN.has(name)) ? undefined : othersOf(parameters),
  };
}

const OWN: ReadonlySet<string> = new Set(["priority", "timeout", "binary_data_output"]);

function othersOf(parameters: JsonDocument): JsonDocument {
  const {
    priority: _priority,
    timeout: _timeout,
    binary_data_output: _isBinary,
    ...rest
  } = parameters;
  return rest;
}

/** A number of things, undefined when there is none. */
export function wholeAt(value: unknown, path: string): number | undefined {
  if (value === undefined) return undefined;
  // Those of more than 53 bits are rounded, and BigInts where the request was read exactly for its tensors.
  if (typeof value === "bigint" && value >= 0n) return Number(value);
  if (typeof value === "number" && Number.isInteger(value) && value >= 0) return value;
  throw fault(path, `expected a whole number, 0 or more, got ${shown(value)}`);
}

/** Yes or no, undefined when neither is said; `action` is what was asked for. */
export function flagAt(value: unknown, path: string, action = "infer"): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw faultOf(action, path, { why: `expected true or false, got ${shown(value)}` });
}

const SHARED_MEMORY = ["shared_memory_region", "shared_memory_byte_size", "shared_memory_offset"];

/** Throws for a tensor that lies, or should be put, where this server cannot see. */
export function refuseSharedMemory(parameters: JsonDocument, path: string): void {
  for (const name of SHARED_MEMORY) {
    if (parameters[name] === undefined) continue;
    throw fault(`${path}.${name}`, "shared memory is not supported", "Send the tensor's bytes.");
  }
}
