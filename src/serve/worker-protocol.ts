import type { Signature } from "../protocol/datatype.ts";

/** What a server asks its workers. */
export const WORKER_METHODS = {
  /** meta: WorkerSetUp; body of the reply: ModelReport. */
  SET_UP: "set-up",
  /** meta: null; body: a batch (batch-frame.ts); body of the reply: its answer. */
  BATCH: "batch",
  /** meta: StreamMeta; body: a batch of one item; each piece is an event, the reply ends it. */
  STREAM: "stream",
  /** meta: TakenPieces; the reader of a stream has taken them, and the generator may go on. */
  MORE: "more",
} as const;

/** What workers say meanwhile. */
export const WORKER_EVENTS = {
  /** Of BATCH: body: { key: number }, from `recordStatistic`. */
  STATISTIC: "statistic",
  /** Of BATCH: body: an answer (batch-frame.ts) to the first of its payloads, or to those that follow: no message would hold all. */
  PART: "part",
  /** Of STREAM: body: an answer (batch-frame.ts) with one result. */
  PIECE: "piece",
} as const;

/** What a worker needs to know to load its model. */
export interface WorkerSetUp {
  /** The module, or an .onnx file. */
  plugin: string;
  /** The export of the module; "default" if nobody named one. */
  exportName: string;
  name: string;
  version: string;
  modelDir: string;
  /** --model-name, a file in the folder; undefined when nobody named one. */
  modelName: string | undefined;
  tmpDir: string;
  workerId: string;
  /** -1 is the CPU; else the number of a GPU of this machine. */
  device: number;
  gpuMemoryFraction: number;
  batchSize: number;
  /** Memory through which large tensors go; undefined where there is no such thing. */
  sharedMemory: SharedMemoryPlan | undefined;
}

/** Memory that a server shares with its workers: `SharedMemory.lend()` makes it. */
export interface SharedMemoryPlan {
  /** Opens the memory's file, which has no name of its own. */
  path: string;
  /** Sizes of the parts of it, one behind the other. */
  windows: number[];
  /** The parts that this worker writes its answers to. */
  answers: { first: number; count: number };
}

/** What a worker says of the model that it has loaded and warmed up. */
export interface ModelReport {
  platform: string;
  input: Signature | undefined;
  output: Signature | undefined;
  inputSchema: unknown;
  outputSchema: unknown;
  streams: boolean;
  /** Does it answer at once? */
  predicts: boolean;
  /** The most that the model takes at a time; undefined when any batch will do. */
  maxBatchSize: number | undefined;
  /** "cpu", or "cuda:0 (GPU 3 of this machine)". */
  device: string;
  loadMs: number;
  /** Has the plugin routes of its own, for the server's process? */
  routes?: boolean;
  /** Has it mapped the shared memory? If not, nothing may be sent through that. */
  sharesMemory: boolean;
}

/** [number of the stream, how many pieces]. */
export type TakenPieces = readonly [stream: number, count: number];

/** About one stream. */
export interface StreamMeta {
  /** By this it is meant; no two of a server have the same. */
  stream: number;
  parameters: Record<string, unknown>;
  id: string | undefined;
}
