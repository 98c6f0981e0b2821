import type { SharedMemoryPlan } from "./worker-protocol.ts";

/** Memory that a server and its workers share, for large tensors. */
export interface SharedMemory {
  /** What the worker is told in its set-up; call `takeBack` when it is gone. */
  lend(workerId: string): SharedMemoryPlan | undefined;
  takeBack(workerId: string): void;
  /** The batch with this body has been answered, or has failed; twice is once. */
  release(body: Uint8Array): void;
  /** A worker cannot use it: from now on nothing goes through it. */
  disable(): void;
}

/** Undefined where there is no such thing: then everything goes inline. */
export function createSharedMemory(_bytes?: number): SharedMemory | undefined {
  return undefined;
}
