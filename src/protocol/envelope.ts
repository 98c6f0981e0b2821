import { NetworkError } from "../core/errors.ts";
import type { InteractionCode } from "./interaction-codes.ts";
import { readPythonJson } from "./python-json.ts";

/** What every JSON answer of the HTTP API looks like. */
export interface Envelope {
  success: boolean;
  /** 0 on success. */
  code: number;
  message: string;
  data: unknown;
}

/** The code of a failure that has no code of its own. */
export const COMMON_FAILURE = 1;

const SHOWN_CHARACTERS = 200;

/** Says yes. */
export function successEnvelope(message: string = "Success.", data: unknown = null): Envelope {
  return { success: true, code: 0, message, data };
}

/** Says no, in the code's own words unless others are given. */
export function failureEnvelope(
  { code, message: own }: Pick<InteractionCode, "code" | "message">,
  message: string = own,
  data: unknown = null,
): Envelope {
  return { success: false, code, message, data };
}

/** The envelope in an answer: a missing message is "", missing data {}; what is no envelope is `network.protocol`. */
export function readEnvelope(status: number, body: Uint8Array | string): Envelope {
  const text = typeof body === "string" ? body : new TextDecoder().decode(body);
  const value = parse(text);
  if (!isEnvelope(value)) {
    const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
    throw new NetworkError(
      "network.protocol",
      `Cannot read answer with status ${status}: no envelope, but ${JSON.stringify(shown)}`,
      { details: { status }, hint: "Check that the address is that of a ding or DI-engine peer." },
    );
  }
  const { success, code, message, data } = value;
  return { success, code, message: message ?? "", data: data ?? {} };
}

type Tolerated = Pick<Envelope, "success" | "code"> & {
  message?: string | null;
  data?: unknown;
};

function isEnvelope(value: unknown): value is Tolerated {
  if (typeof value !== "object" || value === null) return false;
  const { success, code, message } = value as Record<string, unknown>;
  const isText = message === undefined || message === null || typeof message === "string";
  return typeof success === "boolean" && typeof code === "number" && isText;
}

function parse(text: string): unknown {
  try {
    return readPythonJson(text);
  } catch {
    return undefined; // an HTML page, most likely; it is shown as it is
  }
}
