import { msgpack } from "../../protocol/codec.ts";
import { NATIVE_EVENTS, NATIVE_METHODS } from "../native/session-protocol.ts";
import { Ask, type AskInit } from "./ask.ts";
import { Inflow } from "./inflow.ts";

/** So many pieces may be on their way or wait here: a reader that is slower holds up the model, and nobody else. */
export const STREAM_CREDIT = 64;

/** Sends a request for a stream and gives its pieces; leaving the loop cancels the rest. */
export async function* readStream(
  init: AskInit,
  submit: (ask: Ask) => void,
): AsyncGenerator<unknown, void, undefined> {
  const pieces = new Inflow<unknown>();
  let taken = 0;
  const ask = new Ask(init, {
    reply: () => pieces.end(),
    fail: (error) => pieces.end(error),
    event(name, body) {
      if (name !== NATIVE_EVENTS.PIECE) return;
      pieces.put(body ? msgpack.decode(body) : undefined, body?.length ?? 0);
    },
  });
  submit(ask);
  try {
    for (let next = await pieces.take(); next; next = await pieces.take()) {
      yield next.value;
      taken += 1;
      if (taken % (STREAM_CREDIT / 2) === 0) ask.more(NATIVE_METHODS.MORE, STREAM_CREDIT / 2);
    }
  } finally {
    ask.withdraw(new DOMException("Nobody reads the stream any more", "AbortError"));
  }
}
