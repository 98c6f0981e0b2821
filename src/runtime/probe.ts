import { connect } from "node:net";
import { type Code, NetworkError } from "../core/errors.ts";

const PROBE_TIMEOUT_MS = 1_000;

const REASONS: Record<string, [Code, string]> = {
  ECONNREFUSED: ["network.refused", "connection refused"],
  ENOTFOUND: ["network.unreachable", "no such host"],
  EAI_AGAIN: ["network.unreachable", "the host name cannot be looked up now"],
  EHOSTUNREACH: ["network.unreachable", "no route to the host"],
  ENETUNREACH: ["network.unreachable", "no route to the network"],
};

/** Why nothing can be opened at this port, or undefined when somebody accepts there. */
export function probePort(host: string, port: number): Promise<NetworkError | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: host.replace(/^\[|\]$/g, ""), port });
    const end = (error: NetworkError | undefined): void => {
      socket.destroy();
      resolve(error);
    };
    const fail = (code: Code, reason: string): void =>
      end(new NetworkError(code, `Cannot reach ${host}:${port}: ${reason}`));
    socket.setTimeout(PROBE_TIMEOUT_MS, () => fail("network.timeout", "no answer"));
    socket.once("connect", () => end(undefined));
    socket.once("error", (error: NodeJS.ErrnoException) => {
      const [code, reason] = REASONS[error.code ?? ""] ?? ["network.unreachable", error.message];
      fail(code as Code, reason as string);
    });
  });
}
