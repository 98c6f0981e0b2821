import { DingError, messageOf, type ErrorRecord } from "../core/errors.ts";
import type { Body } from "../rpc/message.ts";
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
  const message = messageOf(thrown);
  if (isRefusal(thrown, "TaskRefuse")) {
    return {
      code: "task.refused",
      message: thrown.message || "The slave refused the task",
      details: { data: thrown.data },
    };
  }
  return { code: "task.refused", message, details: { data: { message } } };
}

/** What a task's master hears of an error that its code threw. */
export function failureRecord(thrown: unknown): ErrorRecord {
  if (isTaskFail(thrown)) {
    return { code: "task.failed", message: thrown.message, details: { result: thrown.result } };
  }
  if (thrown instanceof DingError) return thrown.toJSON();
  const { code, name } = (thrown ?? {}) as { code?: unknown; name?: unknown };
  const details: Record<string, unknown> = {};
  if (typeof name === "string" && name !== "Error") details["name"] = name;
  if (typeof code === "string" || typeof code === "number") details["code"] = code;
  return { code: "task.failed", message: messageOf(thrown), details };
}
