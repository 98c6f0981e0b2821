import { DingError } from "../../core/errors.ts";
import type { Body } from "../../rpc/message.ts";
import type { LinkPort } from "../worker-link/worker-link.ts";

/** One call over a link. */
export interface Question {
  method: string;
  meta: unknown;
  body?: Body;
  signal?: AbortSignal | undefined;
  /** A piece of a long answer. */
  event?: ((body: Body, name: string) => void) | undefined;
}

/** Asks the other end; an abort cancels the call there, and rejects with the signal's reason. */
export function ask(
  port: LinkPort,
  { method, meta, body, signal, event }: Question,
): Promise<Body> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = (): void => {
      port.cancel(id);
      reject(signal?.reason as Error);
    };
    const end = (): void => signal?.removeEventListener("abort", onAbort);
    signal?.addEventListener("abort", onAbort, { once: true });
    const id = port.call(method, meta, body, {
      reply(answer) {
        end();
        resolve(answer);
      },
      fail(error) {
        end();
        reject(DingError.fromRecord(error));
      },
      event: (name, piece) => event?.(piece, name),
    });
  });
}
