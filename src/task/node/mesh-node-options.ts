import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { Health } from "../../http/app.ts";
import type { ServerTls } from "../../runtime/http-server.ts";
import type { SlowPeerPolicy } from "../mesh/feed.ts";

/** How a program's nodes are joined. */
export type Topology = "mesh" | "star" | "alone";

/** What a node is made of. */
export interface MeshNodeOptions {
  nodeId: number;
  labels?: Iterable<string>;
  topology?: Topology;
  /** Where it listens; undefined for a node that only speaks through a broker. */
  host: string | undefined;
  /** 0 for a free one. */
  port: number;
  /** The host by which others reach it; that of `host` if not given. */
  address?: string | undefined;
  tls?: ServerTls | undefined;
  /** Callers must show it, and it is shown to those who are dialled. */
  token?: string | undefined;
  insecure?: boolean;
  heartbeatMs?: number | undefined;
  /** A node that is silent for so long has crashed. */
  toleranceMs?: number | undefined;
  slowPeers?: SlowPeerPolicy | undefined;
  /** Can it do what it is there for? Default: when it has started. */
  isReady?: Health["isReady"];
  clock?: Clock;
  log?: Logger;
}
