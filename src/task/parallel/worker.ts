import { systemClock } from "../../core/clock.ts";
import { DingError, messageOf, type ErrorRecord } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { parentLink } from "../../link/process.ts";
import { msgpack } from "../../protocol/codec.ts";
import { Peer, type IncomingCall } from "../../rpc/peer.ts";
import { Session } from "../../rpc/session.ts";
import type { Main } from "../run-main.ts";
import { loadMain, type MainPlace } from "./load-main.ts";
import { mainError, NodeRun, type JoinOrder, type Listening, type NodeSetUp } from "./node-run.ts";

/** The calls that a worker process of a launch answers. */
export const WORKER_METHODS = {
  /** Its meta is a WorkerSetUp; the answer is a Listening. */
  LISTEN: "listen",
  /** Its meta is a JoinOrder; answered when the mesh has formed. */
  JOIN: "join",
  /**
   * Its meta is how often waits for events look whether the node has been left, null for never. Answered when main has
   * ended, with how many runs its peers were told to finish.
   */
  RUN: "run",
  /** Main is to come to its end; its meta is the last run that is to, null for all. */
  FINISH: "finish",
  /** All others have ended. */
  LEFT: "left",
} as const;

/** What a worker process is told first. */
export interface WorkerSetUp extends NodeSetUp {
  /** Undefined where the process is told its main in another way. */
  place: MainPlace | undefined;
}

/** So long others may take to hear of the end of a process whose parent is gone. */
const LAST_WORDS_MS = 500;

/** The program of a process of a launch: one node, and main in it. `given` is the main where no file is named. */
export function runTaskWorker(log: Logger, given?: Main): void {
  const session = new Session({
    id: "worker",
    clock: systemClock,
    heartbeatMs: Infinity,
    toleranceMs: Infinity,
  });
  const worker = new TaskWorker(log, given);
  const peer = new Peer(session, { call: (call) => void worker.answer(call) });
  const end = (): void => void worker.leave().finally(() => process.exit(0));
  session.listen({ message: (message) => peer.receive(message), detached: end, ended: end });
  const fatal = (thrown: unknown): void => worker.fail(thrown);
  process.on("uncaughtException", fatal).on("unhandledRejection", fatal);
  session.attach(parentLink(), 0, Infinity);
}

/** Answers the calls of a launch. */
class TaskWorker {
  readonly #log: Logger;
  #main: Main | undefined;
  #run: NodeRun | undefined;
  #running: IncomingCall | undefined;
  #nodeId = 0;
  #file: string | undefined;

  constructor(log: Logger, given: Main | undefined) {
    this.#log = log;
    this.#main = given;
  }

  async answer(call: IncomingCall): Promise<void> {
    try {
      call.reply(msgpack.encode(await this.#do(call)));
    } catch (thrown) {
      call.fail(recordOf(thrown));
    }
  }

  /** What nobody in main waits for has failed: it is main's failure. */
  fail(thrown: unknown): void {
    const error = mainError(this.#nodeId, thrown, this.#file);
    if (this.#running) this.#running.fail(recordOf(error));
    else this.#log.error(error.message, error.details);
    const leaving = this.#run?.node.crash() ?? Promise.resolve();
    void leaving.finally(() => process.exit(1));
  }

  /** The parent is gone: a main that is under way comes to no end of its own. */
  async leave(): Promise<void> {
    const node = this.#run?.node;
    await (this.#running ? node?.crash() : node?.close(LAST_WORDS_MS));
  }

  #do(call: IncomingCall): Promise<unknown> | undefined {
    switch (call.method) {
      case WORKER_METHODS.LISTEN:
        return this.#listen(call.meta as WorkerSetUp);
      case WORKER_METHODS.JOIN:
        return this.#run?.join(call.meta as JoinOrder);
      case WORKER_METHODS.RUN:
        return this.#runMain(call);
      case WORKER_METHODS.FINISH:
        this.#run?.finish((call.meta as number | null) ?? undefined);
        return undefined;
      case WORKER_METHODS.LEFT:
        if (this.#run) this.#run.isLeft = true;
        return undefined;
      default:
        throw new DingError("network.protocol", `Cannot answer "${call.method}"`);
    }
  }

  async #listen({ place, ...setUp }: WorkerSetUp): Promise<Listening> {
    this.#nodeId = setUp.nodeId;
    this.#file = place?.file;
    if (place) this.#main = await loadMain(place);
    this.#run = new NodeRun(setUp, this.#log);
    return this.#run.listen();
  }

  async #runMain(call: IncomingCall): Promise<number> {
    const main = this.#main;
    if (!main || !this.#run) throw new DingError("internal.bug", "Cannot run main: there is none");
    this.#running = call;
    try {
      return await this.#run.run(main, (call.meta as number | null) ?? undefined);
    } catch (thrown) {
      throw mainError(this.#nodeId, thrown, this.#file);
    }
  }
}

function recordOf(thrown: unknown): ErrorRecord {
  const error = DingError.from(thrown);
  return error.code === "internal.bug"
    ? { ...error.toJSON(), message: messageOf(thrown) }
    : error.toJSON();
}
