import { DingError, messageOf, NetworkError } from "../../core/errors.ts";
import { isRecord } from "../../core/is-record.ts";
import { json, msgpack } from "../../protocol/codec.ts";
import type { BodyForm } from "../../http/content-type.ts";
import { checkJsonDepth } from "../json-depth.ts";
import { jsonMisfit } from "../json-misfit.ts";
import { cutList, cutObject, type Span } from "./json-cut.ts";
import { MsgpackCutter } from "./msgpack-cut.ts";
import { checkPriority, checkTimeout, fault } from "./session-protocol.ts";

/** What the body of a predict request says; its items are bytes, as they stood there. */
export interface PredictRequest {
  items: Uint8Array[];
  /** It was `input`, not `inputs`. */
  isSingle: boolean;
  id: string | undefined;
  priority: number | undefined;
  timeoutMs: number | undefined;
  parameters: Record<string, unknown> | undefined;
}

/** A body cut into its members. */
interface CutBody {
  /** The bytes of a member. */
  bytesOf: (key: string) => Uint8Array | undefined;
  /** Decoded. */
  valueOf: (key: string) => unknown;
  /** The elements of the list that this member is; undefined if it is none. */
  elementsOf: (key: string) => Uint8Array[] | undefined;
}

/** Reads a body without decoding its items; throws `usage.invalid-input` with the path of the fault. */
export function readPredict(bytes: Uint8Array, form: BodyForm): PredictRequest {
  const body = cut(bytes, form);
  const single = body.bytesOf("input");
  const hasMany = body.bytesOf("inputs") !== undefined;
  if (single && hasMany) throw fault("input", 'give "input" or "inputs", not both');
  if (!single && !hasMany) throw misfit("there is no item in it");
  const items = single ? [single] : body.elementsOf("inputs");
  if (!items) throw fault("inputs", "expected a list of items");
  return { items, isSingle: single !== undefined, ...aboutIt(body) };
}

function aboutIt({ valueOf }: CutBody): Omit<PredictRequest, "items" | "isSingle"> {
  const id = valueOf("id") ?? undefined;
  const priority = valueOf("priority") ?? undefined;
  const timeoutMs = valueOf("timeoutMs") ?? undefined;
  const parameters = valueOf("parameters") ?? undefined;
  if (id !== undefined && (typeof id !== "string" || id === ""))
    throw fault("id", "expected a text");
  if (priority !== undefined) checkPriority(priority);
  if (timeoutMs !== undefined) checkTimeout(timeoutMs);
  if (parameters !== undefined && !isRecord(parameters)) {
    throw fault("parameters", "expected an object");
  }
  return { id, priority, timeoutMs, parameters };
}

function cut(bytes: Uint8Array, form: BodyForm): CutBody {
  try {
    return form === "json" ? cutJson(bytes) : cutMsgpack(bytes);
  } catch (thrown) {
    if (!(thrown instanceof NetworkError)) throw thrown;
    if (form === "json") throw jsonMisfit(bytes, thrown);
    const why = messageOf(thrown).replace(/^Cannot decode \w+: /, "");
    throw new DingError("usage.invalid-input", `Cannot read body as ${form}: ${why}`, {
      cause: thrown,
    });
  }
}

function cutJson(bytes: Uint8Array): CutBody {
  checkJsonDepth(bytes);
  const value = json.decode(bytes);
  if (!isRecord(value)) throw misfit("it is no object");
  const spans = cutObject(bytes);
  const at = ({ start, end }: Span): Uint8Array => bytes.subarray(start, end);
  return {
    bytesOf: (key) => {
      const span = spans.get(key);
      return span && at(span);
    },
    valueOf: (key) => (Object.hasOwn(value, key) ? value[key] : undefined),
    elementsOf: (key) => {
      const span = spans.get(key);
      return span && Array.isArray(value[key]) ? cutList(bytes, span.start).map(at) : undefined;
    },
  };
}

function cutMsgpack(bytes: Uint8Array): CutBody {
  const cutter = new MsgpackCutter(bytes);
  const body = cutter.members(0);
  if (body?.kind !== "map") throw misfit("it is no map");
  if (body.end !== bytes.length) {
    throw new NetworkError("network.protocol", "Cannot decode msgpack: bytes follow the value");
  }
  const ends = [...body.starts.slice(1), body.end];
  const members = new Map<string, Span>();
  for (let index = 0; index < body.starts.length; index += 2) {
    const keyEnd = ends[index] ?? 0;
    const key = keyOf(msgpack.decode(bytes.subarray(body.starts[index], keyEnd)));
    members.set(key, { start: keyEnd, end: ends[index + 1] ?? 0 });
  }
  const bytesOf = (key: string): Uint8Array | undefined => {
    const span = members.get(key);
    return span && bytes.subarray(span.start, span.end);
  };
  return {
    bytesOf,
    valueOf: (key) => {
      const found = bytesOf(key);
      return found && msgpack.decode(found);
    },
    elementsOf: (key) => {
      const list = cutter.members(members.get(key)?.start ?? 0);
      if (list?.kind !== "list") return undefined;
      return list.starts.map((start, index) => {
        return bytes.subarray(start, list.starts[index + 1] ?? list.end);
      });
    },
  };
}

/** Some writers have byte strings for keys. */
function keyOf(key: unknown): string {
  return key instanceof Uint8Array ? new TextDecoder().decode(key) : String(key);
}

function misfit(why: string): DingError {
  return new DingError("usage.invalid-input", `Cannot read body: ${why}`, {
    hint: 'Send { "inputs": [item, …] }, or { "input": item }.',
  });
}
