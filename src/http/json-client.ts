import { DingError, NetworkError, messageOf, type ErrorRecord } from "../core/errors.ts";
import { json } from "../protocol/codec.ts";
import type { Envelope } from "../protocol/envelope.ts";
import { writeJson } from "../protocol/json-writer.ts";
import type { HttpAnswer, HttpClient, HttpRequest } from "./client.ts";

/** A request to one of our own routes. */
export interface JsonRequest extends Omit<HttpRequest, "body"> {
  token?: string | undefined;
  /** Becomes the body. */
  value?: unknown;
}

/** The value that one of our own routes answers with; its refusal is thrown as the DingError it was there. */
export async function requestJson(
  client: HttpClient,
  { token, value, headers, ...request }: JsonRequest,
): Promise<unknown> {
  const answer = await client.request({
    ...request,
    headers: {
      Accept: json.contentType,
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(value === undefined ? {} : { "Content-Type": json.contentType }),
      ...headers,
    },
    body: value === undefined ? undefined : new TextEncoder().encode(writeJson(value)),
  });
  const read = valueOf(answer, request);
  if (answer.status >= 400) throw refusalOf(answer.status, read);
  return read;
}

function valueOf({ status, body }: HttpAnswer, { method, url }: HttpRequest): unknown {
  try {
    return body.length === 0 ? undefined : json.decode(body);
  } catch (thrown) {
    const call = `${method} ${String(url)}`;
    const message = `Cannot read answer of ${call} with status ${status}: ${messageOf(thrown)}`;
    throw new NetworkError("network.protocol", message, {
      cause: thrown,
      hint: "Check that the address is that of a ding server.",
    });
  }
}

function refusalOf(status: number, value: unknown): DingError {
  const { code, message, data } = (value ?? {}) as Partial<Record<keyof Envelope, unknown>>;
  const record = (data as { error?: Partial<ErrorRecord> } | null | undefined)?.error;
  if (typeof record?.code === "string" && typeof record.message === "string") {
    return DingError.fromRecord(record as ErrorRecord, "peer.refused");
  }
  const told = typeof message === "string" ? message : `HTTP status ${status}`;
  return new DingError("peer.refused", told, { details: { status, code } });
}
