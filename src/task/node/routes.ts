import { DingError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { createApp, type App, type Health } from "../../http/app.ts";
import { answer } from "../../http/body.ts";
import { MESH_PATH } from "../../protocol/task-mesh.ts";
import { Registry } from "../../telemetry/registry.ts";
import type { Reached } from "../mesh/graph.ts";

/** What a node says of itself. */
export interface NodeStatus {
  nodeId: number;
  labels: string[];
  topology: string;
  state: string;
  address: string;
  peers: { nodeId: number; labels: string[]; state: "joined" | "suspect"; via?: number }[];
  /** How many direct lines it has. */
  links: number;
  /** Events and words. */
  sent: number;
  received: number;
  /** Events that slow peers were passed over for. */
  dropped: number;
  /** Events of others that are lost here. */
  missed: number;
}

/** What a node says of another. */
export function peerStatus({
  nodeId,
  labels,
  via,
  isSuspect,
}: Reached): NodeStatus["peers"][number] {
  return {
    nodeId,
    labels: [...labels],
    state: isSuspect ? "suspect" : "joined",
    ...(via !== nodeId && { via }),
  };
}

/** What the routes of a node stand on. */
export interface NodeAppOptions extends Health {
  token: string | undefined;
  log: Logger;
  status: () => NodeStatus;
}

/** The HTTP face of a node: its status, metrics, and where others open lines. */
export function nodeApp(options: NodeAppOptions): App {
  const { status, token, log } = options;
  const app = createApp({ health: options, token, metrics: metricsOf(status), log });
  app.get("/status", (context) => answer(context, status()));
  app.get(MESH_PATH, () => {
    throw new DingError("usage.invalid-input", "Cannot open a line: no WebSocket upgrade");
  });
  return app;
}

/** What ports beside the node's own answer: its health, and its metrics if they are to. */
export function probeApp(options: NodeAppOptions, { hasMetrics }: { hasMetrics: boolean }): App {
  const { status, token, log } = options;
  const metrics = hasMetrics ? metricsOf(status) : undefined;
  return createApp({ health: options, token, metrics, log });
}

function metricsOf(status: () => NodeStatus): Registry {
  const registry = new Registry();
  registry.read("ding_task_peers", "Other nodes of the mesh by state", () =>
    (["joined", "suspect"] as const).map(
      (state) => [{ state }, status().peers.filter((peer) => peer.state === state).length] as const,
    ),
  );
  registry.read("ding_task_links", "Direct lines to other nodes", () => status().links);
  registry.readTotal("ding_task_sent_total", "Events that were sent", () => status().sent);
  registry.readTotal("ding_task_received_total", "Events that came", () => status().received);
  registry.readTotal(
    "ding_task_dropped_total",
    "Events that slow nodes were passed over for",
    () => status().dropped,
  );
  registry.readTotal("ding_task_missed_total", "Events of others lost here", () => status().missed);
  return registry;
}
