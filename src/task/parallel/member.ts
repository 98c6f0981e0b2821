import type { ChildProcess } from "node:child_process";
import { systemClock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { backoffMs, type Backoff } from "../../core/retry.ts";
import { delay } from "../../core/wait.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import { WorkerProcess } from "../../pool/worker-process.ts";
import { msgpack } from "../../protocol/codec.ts";
import type { JoinOrder, Listening, NodeSetUp } from "./node-run.ts";
import { WORKER_METHODS, type WorkerSetUp } from "./worker.ts";

/** What one process of a launch is made with. */
export interface MemberOptions {
  setUp: WorkerSetUp;
  spawn: () => ChildProcess;
  autoRecover: boolean;
  maxRetries: number;
  backoff?: Backoff | undefined;
  /** Ends the wait before another try. */
  signal: AbortSignal;
  log: Logger;
  /** Whom to wait for when it comes back. */
  rejoin: () => JoinOrder;
  /** Hears at once of a failure after which it does not come back. */
  onFailed?: ((error: DingError) => void) | undefined;
}

const BACKOFF: Backoff = { minMs: 500, maxMs: 30_000, jitter: 0.2 };
const NOWHERE: Listening = { address: "", metrics: "", health: "" };
/** So long a process may take to leave by itself when its main has ended. */
const LEAVE_MS = 5_000;

/** One node of a launch in a process of its own, which is replaced when it fails, if that is wanted. */
export class Member {
  readonly nodeId: number;
  readonly #options: MemberOptions;
  #process: WorkerProcess | undefined;
  #listening = NOWHERE;
  #isRunning = false;
  #isFinishing = false;
  /** It has failed, and its next try has not joined the others yet. */
  #isAway = false;
  readonly #over = new AbortController();

  constructor(options: MemberOptions) {
    this.#options = options;
    this.nodeId = options.setUp.nodeId;
  }

  /** Where it listens, once it has. */
  get listening(): Listening {
    return this.#listening;
  }

  /** Where others dial it. */
  get address(): string {
    return this.#listening.address;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Starts its process, which loads main and listens. */
  async listen(): Promise<void> {
    const { setUp, spawn } = this.#options;
    const worker = new WorkerProcess(`node ${this.nodeId}`, spawn(), systemClock);
    this.#process = worker;
    const again = setUpAgain(setUp, this.#listening);
    const body = await worker.peer.request(WORKER_METHODS.LISTEN, { ...setUp, ...again });
    worker.isReady = true;
    this.#listening = body ? (msgpack.decode(body) as Listening) : NOWHERE;
  }

  async join(order: JoinOrder): Promise<void> {
    await this.#process?.peer.request(WORKER_METHODS.JOIN, order);
  }

  /** Resolves when main has ended; rejects with its failure when there are no tries left. */
  async run(): Promise<void> {
    this.#isRunning = true;
    try {
      await this.#runAgain();
    } finally {
      this.#isRunning = false;
    }
  }

  /** Main is to come to its end. */
  finish(): void {
    this.#isFinishing = true;
    void this.#process?.peer.request(WORKER_METHODS.FINISH, null).catch(() => {});
  }

  /** The others have come to their end: one that is away, or fails from now on, does not come back, for nobody could tell it. */
  onOthersFinished(): void {
    this.#over.abort();
    if (this.#isAway) this.kill();
  }

  /** Ends its process, whatever it does. */
  async end(): Promise<void> {
    const worker = this.#process;
    if (!worker) return;
    worker.isReady = true;
    worker.stop();
    const timer = setTimeout(() => worker.kill(), LEAVE_MS);
    await worker.gone;
    clearTimeout(timer);
  }

  kill(): void {
    this.#process?.kill();
  }

  async #runAgain(): Promise<void> {
    const { autoRecover, maxRetries, signal, log, onFailed } = this.#options;
    const { backoff = BACKOFF, rejoin } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        if (attempt > 1) {
          await this.listen();
          await this.join(rejoin());
          this.#isAway = false;
        }
        await this.#process?.peer.request(WORKER_METHODS.RUN, null);
        return await this.end();
      } catch (thrown) {
        const error = DingError.from(thrown);
        const isLast = !autoRecover || attempt > maxRetries;
        if (isLast && !signal.aborted && !this.#isFinishing) onFailed?.(error);
        await this.end();
        if (this.#isAway && this.#over.signal.aborted) return;
        if (isLast || signal.aborted || this.#isFinishing) throw this.#told(error);
        const facts = { node: this.nodeId, error: messageOf(error) };
        if (this.#over.signal.aborted) {
          log.error("A node failed, where others have finished", facts);
          return;
        }
        log.error("A node failed and runs again", { ...facts, retry: attempt });
        this.#isAway = true;
        const ending = AbortSignal.any([signal, this.#over.signal]);
        await delay(backoffMs(backoff, attempt), ending).catch(() => {});
        if (this.#over.signal.aborted) return;
        if (signal.aborted) throw this.#told(error);
      }
    }
  }

  /** A process that dies does not know which node it was. */
  #told(error: DingError): DingError {
    if (error.code !== "worker.exited") return error;
    return new DingError(error.code, `Node ${this.nodeId} is gone: ${error.message}`, {
      details: error.details,
    });
  }
}

/** One that is back has the ports that it had: others know them. */
export function setUpAgain(
  { port, probes }: NodeSetUp,
  { address, metrics, health }: Listening,
): Pick<NodeSetUp, "port" | "probes"> {
  return {
    port: portIn(address) ?? port,
    probes: {
      ...probes,
      metricsPort: portIn(metrics) ?? probes.metricsPort,
      healthPort: portIn(health) ?? probes.healthPort,
    },
  };
}

function portIn(address: string): number | undefined {
  const digits = /\d+$/.exec(address)?.[0];
  return digits === undefined ? undefined : Number(digits);
}
