import type { IncomingCall } from "../../rpc/peer.ts";
import type { ReplayReader, ReplayWriter, WeightPublisher } from "../plugin/worker-context.ts";
import type { LinkPort } from "./worker-link.ts";

/** The worker's end of its task's buffer; calls of methods that begin with "replay.". */
export interface RemoteReplay extends ReplayWriter, ReplayReader {
  /** Waits and prefetches end; whatever comes after rejects. */
  close: (reason: string) => void;
}

/** Makes it: `replay-link` does. */
export type MakeRemoteReplay = (port: LinkPort) => RemoteReplay;

/** The worker's end of the weights; calls of methods that begin with "weights.". */
export interface RemoteWeights extends WeightPublisher {
  /** A call of the coordinator, such as a notice; false when it is not for weights. */
  answer: (call: IncomingCall) => boolean;
  close: (reason: string) => void;
}

/** Makes it: `weights` does. */
export type MakeRemoteWeights = (port: LinkPort, policyId: string) => RemoteWeights;

/** The coordinator's end of one of them, for one attempt of one task. */
export interface LinkPart {
  /** False when the method is not its own. */
  answer: (call: IncomingCall) => boolean;
  /** The worker has dialled: notices go to this port. */
  opened: (port: LinkPort) => void;
  /** The attempt is over: its waits end. Twice is once. */
  close: (reason: string) => void;
}
