import { DingError } from "../../core/errors.ts";
import type { ProbePorts } from "../node/probes.ts";

const FLAGS = { metricsPort: "--metrics-port", healthPort: "--health-port" } as const;
const KEYS = ["metricsPort", "healthPort"] as const;
const LAST_PORT = 65_535;

/**
 * The ports of each node: the first has those that are named, the next ones follow; 0 is a free one for each. `own` are
 * the nodes' ports for each other. Throws `usage.invalid-option` where two would have one port.
 */
export function planProbes(first: ProbePorts, own: readonly number[]): ProbePorts[] {
  const users = new Map(own.map((port, index) => [port, { index, flag: "--ports" }]));
  return own.map((_, index) => {
    const ports: ProbePorts = {};
    for (const key of KEYS) {
      const from = first[key];
      if (from === undefined) continue;
      const flag = FLAGS[key];
      const port = from === 0 ? 0 : from + index;
      const told = `Cannot use ${flag} ${from}`;
      if (port > LAST_PORT) throw invalid(`${told}: there is no port ${port}`);
      const user = port === 0 ? undefined : users.get(port);
      if (user && (user.index !== index || user.flag === "--ports")) {
        throw invalid(`${told}: port ${port} is one of ${user.flag} already`);
      }
      users.set(port, { index, flag });
      ports[key] = port;
    }
    return ports;
  });
}

function invalid(message: string): DingError {
  return new DingError("usage.invalid-option", message, {
    hint: "Each node has ports of its own, counted from the first: pass others, or 0 for free ones.",
  });
}
