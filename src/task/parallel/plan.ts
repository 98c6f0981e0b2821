import { networkInterfaces } from "node:os";
import { isLoopback } from "../../config/listen.ts";
import { DingError } from "../../core/errors.ts";
import type { Topology } from "../node/mesh-node-options.ts";
import type { ProbePorts } from "../node/probes.ts";

/** The port of the first node of a launch, as the ancestor has it. */
export const FIRST_PORT = 50_515;

/** What a launch of nodes is planned from. */
export interface PlanOptions {
  parallelWorkers: number;
  /** tcp: on the ports that were named; ipc: on free ports of this machine alone. */
  protocol: "tcp" | "ipc";
  /** Undefined for that of this machine. */
  address?: string | undefined;
  /** One for each node, or that of the first; default from 50515 on. */
  ports?: readonly number[] | undefined;
  /** One for each node, or that of the first; default from 0 on. */
  nodeIds?: readonly number[] | undefined;
  topology: Topology;
  attachTo?: readonly string[] | undefined;
  /** Whether others than this machine may come in. */
  isOpen: boolean;
}

/** One node of a launch. */
export interface PlannedNode extends ProbePorts {
  nodeId: number;
  port: number;
  /** The nodes of this launch that it dials, by their place. */
  dials: number[];
}

/** The nodes of a launch. */
export interface LaunchPlan {
  nodes: PlannedNode[];
  /** How others reach them. */
  address: string;
  /** host:port of nodes elsewhere, which each of these dials. */
  attachTo: string[];
  /** Nobody dials: a broker joins them. */
  isBrokered?: boolean;
}

/** Who listens where and dials whom, as the ancestor plans it. Throws `usage.invalid-option`. */
export function planLaunch(options: PlanOptions): LaunchPlan {
  const { parallelWorkers: count, protocol, topology, attachTo = [], isOpen } = options;
  const nodeIds = padded("--node-ids", options.nodeIds, { count, first: 0 });
  const isLocal = protocol === "ipc";
  const ports = isLocal
    ? Array.from({ length: count }, () => 0)
    : padded("--ports", options.ports, { count, first: FIRST_PORT });
  if (new Set(nodeIds).size < count) {
    throw invalid(`Cannot use --node-ids ${nodeIds.join(",")}: each node needs one of its own`);
  }
  const tooLarge = ports.find((port) => port > 65_535);
  if (tooLarge !== undefined) throw invalid(`Cannot use --ports: there is no port ${tooLarge}`);
  return {
    nodes: nodeIds.map((nodeId, index) => ({
      nodeId,
      port: ports[index] ?? 0,
      dials: dialsOf(topology, index),
    })),
    address: isLocal ? "127.0.0.1" : (options.address ?? (isOpen ? ownAddress() : "127.0.0.1")),
    attachTo: attachTo.map(targetOf),
  };
}

/** `tcp://10.0.0.1:50515`, or without its scheme, as host:port. Throws `usage.invalid-option`. */
export function targetOf(text: string): string {
  const [, scheme, rest = ""] = /^(?:([a-z+]+):\/\/)?(.*?)\/?$/i.exec(text.trim()) ?? [];
  const isKnown =
    scheme === undefined || ["tcp", "ws", "wss", "tls"].includes(scheme.toLowerCase());
  if (isKnown && /^(?:\[[\da-f:.]+\]|[^\s:/[\]]+):\d{1,5}$/i.test(rest)) return rest;
  throw invalid(`Cannot use --attach-to "${text}": it is not tcp://HOST:PORT`);
}

/** Of this machine, as others in its network reach it; 127.0.0.1 where there is no network. */
export function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  const outer = all.find(({ family, internal, address }) => {
    return family === "IPv4" && !internal && !isLoopback(address);
  });
  return outer?.address ?? "127.0.0.1";
}

/** In a mesh each node dials those before it, in a star the first one; alone it dials nobody. */
function dialsOf(topology: Topology, index: number): number[] {
  if (topology === "alone" || index === 0) return [];
  return topology === "star" ? [0] : Array.from({ length: index }, (_, other) => other);
}

/** One number is that of the first node, none is `first`; any port is any port for all. */
function padded(
  flag: string,
  given: readonly number[] | undefined,
  { count, first }: { count: number; first: number },
): number[] {
  const numbers = given && given.length > 0 ? given : [first];
  const [from = first] = numbers;
  if (numbers.length === count) return [...numbers];
  if (numbers.length > 1) {
    const nodes = count === 1 ? "there is 1 node" : `there are ${count} nodes`;
    throw invalid(`Cannot use ${flag} ${numbers.join(",")}: ${nodes}`, {
      hint: "Pass one number for each, or the first one alone.",
    });
  }
  if (flag === "--ports" && from === 0) return Array.from({ length: count }, () => 0);
  return Array.from({ length: count }, (_, index) => from + index);
}

function invalid(message: string, options: { hint?: string } = {}): DingError {
  return new DingError("usage.invalid-option", message, options);
}
