import { systemClock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { backoffMs, type Backoff } from "../../core/retry.ts";
import { delay } from "../../core/wait.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import { WorkerProcess } from "../../pool/worker-process.ts";
import { msgpack } from "../../protocol/codec.ts";
import type { ChildProcess } from "../../runtime/child-process.ts";
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
  /** Hears when it goes away, and when it ends. */
  onGone?: ((end: GoodEnd | undefined) => void) | undefined;
  joinTimeoutMs: number;
  /** Is nobody left for whom it would come back another time? */
  isLastTry: () => boolean;
}

/** What a node came to that has ended in good order. */
export interface GoodEnd {
  /** So many runs its peers were told to finish. */
  runs: number;
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
  /** It waits for others to come back to; one of them has gone since, if so. */
  #isJoining = false;
  #isOutdated = false;
  /** It has failed before: what its peers have said it may not know. */
  #isBack = false;
  /** Of its peers, that with the most runs. */
  #peersEnd: GoodEnd | undefined;
  #hasFailedSince = false;

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

  /** Does its main run, or begin to? */
  get isHere(): boolean {
    return this.#isRunning && !this.#isAway;
  }

  /** Has one of its peers come to its end? */
  get hasEndedPeer(): boolean {
    return this.#peersEnd !== undefined;
  }

  /** Has it failed since then? */
  get hasFailedSince(): boolean {
    return this.#hasFailedSince;
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
    const { onGone } = this.#options;
    let end: GoodEnd | undefined;
    this.#isRunning = true;
    try {
      end = await this.#runAgain();
    } finally {
      this.#isRunning = false;
      onGone?.(end);
    }
  }

  /** Main is to come to its end. */
  finish(): void {
    this.#isFinishing = true;
    this.#say(WORKER_METHODS.FINISH, null);
  }

  /** Another one has gone away, or has ended: nobody needs to wait for it any more. */
  onOtherGone(end: GoodEnd | undefined): void {
    if (end) this.#peersEnd = { runs: Math.max(this.#peersEnd?.runs ?? 0, end.runs) };
    if (this.#isJoining) {
      this.#isOutdated = true;
      this.kill();
    } else if (this.isHere && this.#isBack) {
      this.#tellEnds();
    }
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

  async #runAgain(): Promise<GoodEnd> {
    const { autoRecover, maxRetries, signal, log, onFailed, onGone, isLastTry } = this.#options;
    const { backoff = BACKOFF, joinTimeoutMs } = this.#options;
    for (let attempt = 1; ; attempt++) {
      let isLast = !autoRecover || attempt > maxRetries || isLastTry();
      try {
        if (attempt > 1) await this.#comeBack();
        isLast ||= isLastTry();
        const everyMs = attempt > 1 ? joinTimeoutMs : null;
        const body = await this.#process?.peer.request(WORKER_METHODS.RUN, everyMs);
        await this.end();
        return { runs: body ? (msgpack.decode(body) as number) : 0 };
      } catch (thrown) {
        const error = DingError.from(thrown);
        if (isLast && !signal.aborted && !this.#isFinishing) onFailed?.(error);
        await this.end();
        if (isLast || signal.aborted || this.#isFinishing) throw this.#told(error);
        const facts = { node: this.nodeId, retry: attempt, error: messageOf(error) };
        log.error("A node failed and runs again", facts);
        this.#hasFailedSince = this.hasEndedPeer;
        this.#isAway = true;
        this.#isBack = true;
        onGone?.(undefined);
        await delay(backoffMs(backoff, attempt), signal).catch(() => {});
        if (signal.aborted) throw this.#told(error);
      }
    }
  }

  /** A new process, which joins those that are here; one that waits for somebody who has gone begins anew. */
  async #comeBack(): Promise<void> {
    for (;;) {
      this.#isOutdated = false;
      try {
        await this.listen();
        this.#isJoining = true;
        await this.join(this.#options.rejoin());
        this.#isAway = false;
        return this.#tellEnds();
      } catch (thrown) {
        if (!this.#isOutdated || this.#options.signal.aborted) throw thrown;
        await this.end();
      } finally {
        this.#isJoining = false;
      }
    }
  }

  /** What its peers said before it was back nobody else can tell it. */
  #tellEnds(): void {
    const runs = this.#peersEnd?.runs ?? 0;
    if (runs > 0) this.#say(WORKER_METHODS.FINISH, runs - 1);
    if (this.#options.isLastTry()) this.#say(WORKER_METHODS.LEFT, null);
  }

  #say(method: string, meta: unknown): void {
    void this.#process?.peer.request(method, meta).catch(() => {});
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
