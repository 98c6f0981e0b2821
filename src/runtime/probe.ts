import { connect } from "node:net";
import { type Code, NetworkError } from "../core/errors.ts";

const PROBE_TIMEOUT_MS = 1_000;

/** Failures before a connection stood, by node's codes. */
export const UNREACHABLE: Readonly<Record<string, [code: Code, reason: string]>> = {
  ECONNREFUSED: ["network.refused", "connection refused"],
  ENOTFOUND: ["network.unreachable", "no such host"],
  EAI_AGAIN: ["network.unreachable", "the host name cannot be looked up now"],
  EHOSTUNREACH: ["network.unreachable", "no route to the host"],
  ENETUNREACH: ["network.unreachable", "no route to the network"],
  EADDRNOTAVAIL: ["network.unreachable", "no local address is free"],
  ECONNABORTED: ["network.unreachable", "connection aborted"],
  EMFILE: ["network.unreachable", "too many open files"],
};

/** Why nothing can be opened at this port, or undefined when somebody accepts there. */
export function probePort(host: string, port: number): Promise<NetworkError | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ""), port });
    const end = (error: NetworkError | undefined): void => {
      socket.destroy();
      resolve(error);
    };
    socket.setTimeout(PROBE_TIMEOUT_MS, () =>
      end(new NetworkError("network.timeout", `Cannot reach ${host}:${port}: no answer`)),
    );
    socket.once("connect", () => end(undefined));
    socket.once("error", (error: NodeJS.ErrnoException) => end(connectError(host, port, error)));
  });
}

/** This machine's address on the way to a peer; rejects with a NetworkError when nobody accepts there. */
export function localAddressTo(
  { host, port }: { host: string; port: number },
  timeoutMs: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error(`no answer in ${timeoutMs} ms`)));
    socket.once("connect", () => {
      resolve(socket.localAddress ?? "127.0.0.1");
      socket.destroy();
    });
    socket.once("error", (error: NodeJS.ErrnoException) => reject(connectError(host, port, error)));
  });
}

function connectError(host: string, port: number, error: NodeJS.ErrnoException): NetworkError {
  const [code, reason] = UNREACHABLE[error.code ?? ""] ?? [
    "network.unreachable" as const,
    error.message,
  ];
  return new NetworkError(code, `Cannot reach ${host}:${port}: ${reason}`);
}
