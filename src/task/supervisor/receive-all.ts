import { DingError } from "../../core/errors.ts";
import type { Inbox } from "./inbox.ts";
import type { RecvPayload, SendPayload } from "./payloads.ts";

/** Sees each answer as it comes, and may add requests that were sent meanwhile: they are waited for too. */
export type ReceiveCallback = (
  answer: RecvPayload,
  remaining: Map<string, SendPayload>,
) => void | Promise<void>;

export interface ReceiveAllOptions {
  /** Errors are in the answers; else the first one rejects, and the other answers are for `recv`. */
  ignoreErr?: boolean | undefined;
  callback?: ReceiveCallback | undefined;
  /** How long to wait for the next answer; then those that lack are `wait.timeout`, or it rejects with that. */
  timeoutMs?: number | undefined;
}

/** Where answers come from, and who waits for which. */
export interface Answers {
  inbox: Inbox;
  claims: Set<ReadonlyMap<string, SendPayload>>;
}

/** The answers to these requests in their order, with all that the callback adds waited for. */
export async function receiveAll(
  { inbox, claims }: Answers,
  requests: readonly SendPayload[],
  { ignoreErr = false, callback, timeoutMs }: ReceiveAllOptions,
): Promise<RecvPayload[]> {
  if (requests.length === 0)
    throw new DingError("usage.invalid-input", "Cannot receive: no requests");
  const remaining = new Map(requests.map((request) => [request.reqId, request]));
  const checked = new Set<string>();
  /** Nobody can wait for what does not come. */
  const check = (): void => {
    for (const reqId of remaining.keys()) {
      if (checked.has(reqId)) continue;
      const others = [...claims].filter((claim) => claim !== remaining);
      if (!inbox.isOpen(reqId) || others.some((claim) => claim.has(reqId))) throw noAnswer(reqId);
      checked.add(reqId);
    }
  };
  const received = new Map<string, RecvPayload>();
  const take = async (answer: RecvPayload): Promise<void> => {
    remaining.delete(answer.reqId);
    received.set(answer.reqId, answer);
    if (answer.err && !ignoreErr) throw answer.err;
    await callback?.(answer, remaining);
  };
  /** Undefined when it is late, and that is no error. */
  const next = (): Promise<RecvPayload | undefined> =>
    inbox
      .take((reqId) => remaining.has(reqId), timeoutMs)
      .catch((error: unknown) => {
        if (ignoreErr && DingError.from(error).code === "wait.timeout") return undefined;
        throw error;
      });
  check();
  claims.add(remaining);
  try {
    while (remaining.size > 0) {
      check();
      const answer = await next();
      if (answer) await take(answer);
      else {
        for (const late of remaining.values().toArray()) {
          inbox.abandon(late.reqId);
          await take(lateAnswer(late, timeoutMs));
        }
      }
    }
  } finally {
    claims.delete(remaining);
  }
  return requests.flatMap(({ reqId }) => received.get(reqId) ?? []);
}

function noAnswer(reqId: string): DingError {
  return new DingError("usage.invalid-input", `Cannot receive: no answer comes to "${reqId}"`, {
    hint: "Pass what send() gave; each answer is received once.",
  });
}

function lateAnswer(
  { procId, reqId, method }: SendPayload,
  timeoutMs: number | undefined,
): RecvPayload {
  const text = `Cannot wait longer for child ${procId}: no answer to "${method}" in ${timeoutMs} ms`;
  const err = new DingError("wait.timeout", text, {
    hint: "restart() ends a child that hangs.",
  });
  return { procId, reqId, method, data: undefined, err };
}
