import { clientOf } from "./client-of.ts";

/** Who sent a request that could not be read. */
export interface Sender {
  readonly client: string;
  /** The W3C header of that name, for traces. */
  readonly traceparent: string | undefined;
}

/** Told of a request that named a model and could not be read, and why: no model is asked, and yet it has failed. */
export type OnUnreadable = (
  model: { readonly name: string; readonly version: string },
  sender: Sender,
  thrown: unknown,
) => void;

/** Who sent a request, by its headers. */
export function senderOf(headers: Headers, info: { remoteAddress: string }): Sender {
  const traceparent = headers.get("traceparent") ?? undefined;
  return { client: clientOf(headers, info), traceparent };
}
