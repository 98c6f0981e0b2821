import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { definedOf } from "../core/defined.ts";
import { DingError } from "../core/errors.ts";
import type { TlsOptions } from "../http/tls.ts";
import type { Dial } from "./lane.ts";

/** A body and what it is. */
export interface LoadBody {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** Reads what a person calls a server: `127.0.0.1:8900`, `http://n1:8900`, `https://n1/v2/models/a/infer`. */
export function parseTarget(text: string): URL {
  const url = URL.parse(/^[a-z]+:\/\//i.test(text) ? text : `http://${text}`);
  if (url && /^https?:$/.test(url.protocol) && url.hostname !== "") return url;
  throw new DingError("usage.invalid-option", `Cannot use URL: "${text}" names no HTTP server`, {
    hint: "Pass http://HOST:PORT, for example http://127.0.0.1:8900",
  });
}

/** Opens connections to a server. */
export function dialTo(url: URL, tls: TlsOptions): Dial {
  const isTls = url.protocol === "https:";
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port || (isTls ? 443 : 80));
  const serverName = /[a-z]/i.test(host) && !host.includes(":") ? { servername: host } : {};
  return isTls
    ? () => connectTls({ host, port, ...serverName, ...definedOf(tls) })
    : () => connect({ host, port });
}

/** A whole POST request, as it goes over the wire. */
export function requestBytes(url: URL, { bytes, headers }: LoadBody, token?: string): Uint8Array {
  const all = {
    Host: url.host,
    ...headers,
    ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
    "Content-Length": String(bytes.length),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `POST ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("")}\r\n`;
  return Buffer.concat([Buffer.from(head, "latin1"), bytes]);
}
