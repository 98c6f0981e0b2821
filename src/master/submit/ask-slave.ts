import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { text } from "node:stream/consumers";
import { errorOf, messageOf, type Code, type DingError } from "../../core/errors.ts";
import type { Reach } from "./reach.ts";
import { formatAddress, type SlaveAddress } from "./slave-list.ts";

/** One question to a slave's HTTP side. */
export interface Question extends Reach {
  method: "GET" | "DELETE";
  path: string;
  signal?: AbortSignal | undefined;
}

/** The JSON that a slave answers; rejects with why it is not reached or does not let us. */
export async function askSlave(address: SlaveAddress, question: Question): Promise<unknown> {
  const name = formatAddress(address);
  const late = AbortSignal.timeout(question.timeoutMs);
  const signals = [late, ...(question.signal ? [question.signal] : [])];
  let status = 0;
  let body = "";
  try {
    const answer = await send(address, question, AbortSignal.any(signals));
    status = answer.statusCode ?? 0;
    body = await text(answer);
  } catch (error) {
    question.signal?.throwIfAborted();
    if (late.aborted) {
      const message = `Cannot reach slave ${name}: no answer in ${question.timeoutMs} ms`;
      throw errorOf("network.timeout", message, { cause: error });
    }
    throw errorOf("network.unreachable", `Cannot reach slave ${name}: ${reasonOf(error)}`, {
      hint: "Is it running, and is the address right?",
      cause: error,
    });
  }
  const value = parse(body);
  if (status >= 200 && status < 300 && value !== undefined) return value;
  throw refusal(name, status, value);
}

function send(
  { host, port }: SlaveAddress,
  { method, path, token, tls }: Question,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const headers = {
    accept: "application/json",
    "content-length": "0",
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  const options = { host, port, method, path, headers, signal, agent: false as const };
  return new Promise((resolve, reject) => {
    const request = tls ? requestHttps({ ...options, ...tls }) : requestHttp(options);
    request.once("response", resolve).once("error", reject).end();
  });
}

function refusal(name: string, status: number, value: unknown): DingError {
  const told = (value ?? {}) as { message?: unknown };
  const reason = typeof told.message === "string" ? told.message : `the answer was HTTP ${status}`;
  const hints: Partial<Record<Code, string>> = {
    "auth.missing": "Pass --token-file FILE or set DING_TOKEN.",
    "auth.refused": "The slave knows another token.",
    "network.protocol": "Something listens there, but it is no slave of this kind.",
  };
  const code = CODE_OF_STATUS[status] ?? "network.protocol";
  return errorOf(code, `Cannot ask slave ${name}: ${reason}`, {
    hint: hints[code],
    details: { status },
  });
}

const CODE_OF_STATUS: Readonly<Record<number, Code>> = {
  401: "auth.missing",
  403: "auth.refused",
  404: "http.not-found",
  503: "service.stopping",
};

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const reasons: Record<string, string> = {
    ECONNREFUSED: "nothing listens there",
    ConnectionRefused: "nothing listens there",
    ENOTFOUND: "no such host",
    EAI_AGAIN: "the name cannot be looked up",
    EHOSTUNREACH: "no way to that host",
    ENETUNREACH: "no way to that network",
    ECONNRESET: "it closed the connection",
  };
  return reasons[code] ?? messageOf(error);
}
