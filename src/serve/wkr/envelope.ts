import type { DingError } from "../../core/errors.ts";
import { COMMON_FAILURE, failureEnvelope, type Envelope } from "../../protocol/envelope.ts";

/** What the ancestor's clients look at. */
export interface WkrEnvelope {
  /** 0 when it went well, else 1. */
  error_code: number;
  error_message: string;
  data: unknown;
}

const encoder = new TextEncoder();
const SUCCESS = "Success.";
const HEAD = encoder.encode(`{"error_code":0,"error_message":"${SUCCESS}","data":`);
const TAIL = encoder.encode("}");

/** A success around an output that is JSON already. */
export function successBytes(output: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD.length + output.length + TAIL.length);
  bytes.set(HEAD);
  bytes.set(output, HEAD.length);
  bytes.set(TAIL, HEAD.length + output.length);
  return bytes;
}

/** A success around a value. */
export function success(data: unknown): WkrEnvelope {
  return { error_code: 0, error_message: SUCCESS, data };
}

/** A failure in both envelopes: the ancestor's clients and those of the house read the same answer. */
export function failure(error: DingError): WkrEnvelope & Envelope {
  const { message } = error;
  const own = { code: COMMON_FAILURE, message };
  const told = error.hint === undefined ? message : `${message}. ${error.hint}`;
  return {
    error_code: COMMON_FAILURE,
    error_message: told,
    ...failureEnvelope(own, message, { error: error.toJSON() }),
  };
}
