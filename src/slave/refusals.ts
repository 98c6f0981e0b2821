/** Throw it in `processTask`: the task fails with this result, which reaches the master unchanged. */
export class TaskFail extends Error {
  override readonly name: string = "TaskFail";
  readonly result: unknown;

  /** Accepts the fields in one object too: `new TaskFail({ result, message })`. */
  constructor(result?: unknown, message?: string) {
    const fields = message === undefined ? fieldsOf(result) : undefined;
    super(fields?.message ?? message ?? "Task failed");
    this.result = fields ? fields.result : result;
  }
}

/** What the three refusals share: data for the master, and words for a person. */
class Refusal extends Error {
  readonly data: unknown;

  constructor(data?: unknown, message?: string) {
    super(message ?? "");
    this.data = data;
  }
}

/** Throw it in `beforeTask`: the master hears code 602 and this data. */
export class TaskRefuse extends Refusal {
  override readonly name: string = "TaskRefuse";
}

/** Throw it in `beforeConnection`: the master hears code 503 and this data. */
export class ConnectionRefuse extends Refusal {
  override readonly name: string = "ConnectionRefuse";
}

/** Throw it in `beforeDisconnection`: the master hears code 504 and this data. */
export class DisconnectionRefuse extends Refusal {
  override readonly name: string = "DisconnectionRefuse";
}

/** A refusal thrown by a plugin, by name: a plugin may bring its own copy of the classes. */
export function isRefusal(
  thrown: unknown,
  name: string,
): thrown is { data: unknown; message: string } {
  return thrown instanceof Error && thrown.name === name && "data" in thrown;
}

/** A TaskFail thrown by a plugin, by name. */
export function isTaskFail(thrown: unknown): thrown is TaskFail {
  return thrown instanceof Error && thrown.name === "TaskFail" && "result" in thrown;
}

function fieldsOf(value: unknown): { result: unknown; message: string | undefined } | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const keys = Object.keys(value);
  const isFields = keys.includes("result") && keys.every((key) => FIELDS.has(key));
  if (!isFields) return undefined;
  const { result, message } = value as { result: unknown; message?: unknown };
  return { result, message: typeof message === "string" ? message : undefined };
}

const FIELDS = new Set(["result", "message"]);
