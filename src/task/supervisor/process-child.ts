import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../core/clock.ts";
import { within } from "../../core/wait.ts";
import { exitError, WorkerProcess } from "../../pool/worker-process.ts";
import { msgpack } from "../../protocol/codec.ts";
import { encodeBody } from "../../rpc/body.ts";
import type { ChildProcess } from "../../runtime/child-process.ts";
import type { Child, ChildSpec } from "./child-spec.ts";
import { SharedResults, type SharedResult } from "./shared-results.ts";
import { CHILD_METHODS, type ChildCall, type ChildSetUp } from "./wire.ts";

export interface ProcessChildOptions {
  id: string;
  spec: ChildSpec;
  spawn: () => ChildProcess;
  setUpTimeoutMs: number;
  /** How long it may take to end by itself. */
  stopGraceMs: number;
  clock: Clock;
}

const ARGUMENTS = { what: "the arguments", code: "usage.invalid-input" } as const;

/** A child that is a process of its own. */
export class ProcessChild implements Child {
  readonly #options: ProcessChildOptions;
  readonly #worker: WorkerProcess;
  readonly #shared: SharedResults | undefined;

  constructor(options: ProcessChildOptions) {
    const { id, spec, spawn, clock } = options;
    this.#options = options;
    this.#shared =
      spec.sharedBytes === undefined ? undefined : SharedResults.create(spec.sharedBytes);
    this.#worker = new WorkerProcess(id, spawn(), clock);
  }

  get gone(): Promise<Error> {
    return this.#worker.gone.then(exitError);
  }

  get isReachable(): boolean {
    return this.#worker.isReachable;
  }

  async start(): Promise<void> {
    const { spec, setUpTimeoutMs } = this.#options;
    const { module, exportName = "default", args = [] } = spec;
    const setUp: ChildSetUp = {
      module: pathOf(module),
      exportName,
      sharedPath: this.#shared?.path,
    };
    try {
      const asked = this.#worker.peer.request(
        CHILD_METHODS.SET_UP,
        setUp,
        encodeBody(args, ARGUMENTS),
      );
      await within(asked, setUpTimeoutMs, `${this.#worker.id} to be made`);
      this.#worker.isReady = true;
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
  }

  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    const meta: ChildCall = { name: method };
    const body = encodeBody(args, ARGUMENTS);
    return this.#read(await this.#worker.peer.request(CHILD_METHODS.CALL, meta, body));
  }

  async attribute(name: string): Promise<unknown> {
    const meta: ChildCall = { name };
    return this.#read(await this.#worker.peer.request(CHILD_METHODS.ATTRIBUTE, meta));
  }

  kill(): void {
    this.#worker.kill();
  }

  stop(): void {
    this.#worker.stop();
    const { clock, stopGraceMs } = this.#options;
    const late = clock.after(stopGraceMs, () => this.#worker.kill());
    void this.#worker.gone.then(() => late[Symbol.dispose]());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#worker.isGone) this.kill();
    await this.#worker.gone;
    this.#shared?.[Symbol.dispose]();
  }

  #read(body: Uint8Array | undefined): unknown {
    if (!body) return undefined;
    const result = msgpack.decode(body) as SharedResult;
    return this.#shared ? this.#shared.read(result) : result.value;
  }
}

function pathOf(module: string | URL): string {
  const text = String(module);
  return text.startsWith("file:") ? fileURLToPath(text) : resolve(text);
}
