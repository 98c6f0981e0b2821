import { errorOf, type Code, type DingError } from "../../core/errors.ts";
import { HttpClient } from "../../http/client.ts";
import type { Reach } from "./reach.ts";
import { formatAddress, type SlaveAddress } from "./slave-list.ts";

/** One question to a slave's HTTP side. */
export interface Question extends Reach {
  method: "GET" | "DELETE";
  path: string;
  signal?: AbortSignal | undefined;
}

/** What is said to the operator when a slave answers, but not with what was asked. */
const HINTS: Partial<Record<Code, string>> = {
  "auth.missing": "Pass --token-file FILE or set DING_TOKEN.",
  "auth.refused": "The slave knows another token.",
  "network.protocol": "Something listens there, but it is no slave of this kind.",
};

const CODE_OF_STATUS: Readonly<Record<number, Code>> = {
  401: "auth.missing",
  403: "auth.refused",
  404: "http.not-found",
  503: "service.stopping",
};

/** What a slave answers, undefined if it is no JSON; rejects with why it is not reached or does not let us. */
export async function askSlave(address: SlaveAddress, question: Question): Promise<unknown> {
  const { method, path, token, tls, timeoutMs, signal } = question;
  const name = formatAddress(address);
  using client = new HttpClient({ tls });
  const { status, body } = await client.request({
    method,
    url: `${tls ? "https" : "http"}://${name}${path}`,
    headers: {
      accept: "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    timeoutMs,
    connectTimeoutMs: timeoutMs,
    signal,
  });
  const value = parse(body);
  if (status >= 200 && status < 300) return value;
  throw refusal(name, status, value);
}

function refusal(name: string, status: number, value: unknown): DingError {
  const { message } = (value ?? {}) as { message?: unknown };
  const reason = typeof message === "string" ? message : `the answer was HTTP ${status}`;
  const code = CODE_OF_STATUS[status] ?? "network.protocol";
  return errorOf(code, `Cannot ask slave ${name}: ${reason}`, {
    hint: HINTS[code],
    details: { status },
  });
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
