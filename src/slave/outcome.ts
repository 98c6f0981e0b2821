import { DingError, type Code, type ErrorRecord } from "../core/errors.ts";
import type { Body } from "../rpc/message.ts";
import { faultOf, portable, wordsOf } from "./portable.ts";
import { isRefusal, isTaskFail } from "./refusals.ts";

/** Who hears what becomes of one task. Exactly one of `refused`, `completed` and `failed` is called. */
export interface TaskEvents {
  /** It runs now: schema and beforeTask have passed. */
  accepted(): void;
  refused(refusal: ErrorRecord): void;
  progress(value: Body): void;
  completed(result: Body): void;
  /** The code tells cancelled and late tasks from failed ones. */
  failed(error: ErrorRecord): void;
}

/** A task as it comes to those who run it. */
export interface TaskJob {
  id: string;
  attempt: number;
  /** msgpack */
  data: Body;
}

/** What a refused task is told: by TaskRefuse, by the schema, or because beforeTask failed. */
export function refusalRecord(thrown: unknown): ErrorRecord {
  if (isRefusal(thrown, "TaskRefuse")) {
    return {
      code: "task.refused",
      message: wordsOf(thrown.message || "The slave refused the task"),
      details: { data: portable(thrown.data) },
    };
  }
  const message = wordsOf(thrown);
  return { code: "task.refused", message, details: { data: { message } } };
}

/** What only the house says of a task: in the mouth of its code it would say something false. */
const RESERVED: ReadonlySet<Code> = new Set([
  "peer.refused",
  "task.refused",
  "task.cancelled",
  "task.timed-out",
  "task.lost",
  "worker.exited",
]);

/** What a task's master hears of an error that its code threw. */
export function failureRecord(thrown: unknown): ErrorRecord {
  try {
    if (isTaskFail(thrown)) return taskFailRecord(thrown);
    if (thrown instanceof DingError && isFit(thrown)) return thrown.toJSON();
    return { code: "task.failed", message: wordsOf(thrown), details: detailsOf(thrown) };
  } catch {
    // Something that throws when it is looked at.
    return { code: "task.failed", message: wordsOf(thrown) };
  }
}

function detailsOf(thrown: unknown): Record<string, unknown> {
  const { code, name } = (thrown ?? {}) as { code?: unknown; name?: unknown };
  const details: Record<string, unknown> = {};
  if (typeof name === "string" && name !== "Error") details["name"] = name;
  if (typeof code === "string" || typeof code === "number") details["code"] = code;
  return details;
}

function taskFailRecord({ result, message }: { result: unknown; message: string }): ErrorRecord {
  const fault = faultOf(result);
  if (fault === undefined) {
    return { code: "task.failed", message: wordsOf(message), details: { result } };
  }
  const told = `${wordsOf(message)} (cannot send its result: ${fault})`;
  return { code: "task.invalid-result", message: told };
}

function isFit({ code, details }: DingError): boolean {
  return !RESERVED.has(code) && faultOf(details) === undefined;
}
