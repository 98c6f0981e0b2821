import { systemClock } from "../../core/clock.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { parentLink } from "../../link/process.ts";
import { msgpack } from "../../protocol/codec.ts";
import { Peer, type IncomingCall } from "../../rpc/peer.ts";
import { Session } from "../../rpc/session.ts";
import { importModule } from "../../runtime/modules.ts";
import { unitPluginOf, type UnitPlugin } from "../unit-plugin.ts";
import {
  WORKER_METHODS,
  type JobMeta,
  type UnitMeta,
  type WorkerReport,
  type WorkerSetUp,
} from "../worker-protocol.ts";
import { WorkerUnit } from "./worker-unit.ts";

/** So long models may take to be put off when nobody is left to end them. */
const LONGEST_OFF_MS = 3_000;

/** The program of a worker process of a fleet: has its units, until the fleet is gone. */
export function runFleetWorker(log: Logger): void {
  const session = new Session({
    id: "worker",
    clock: systemClock,
    heartbeatMs: Infinity,
    toleranceMs: Infinity,
  });
  const worker = new FleetWorker(log);
  const peer = new Peer(session, { call: (call) => worker.answer(call) });
  session.listen({
    message: (message) => peer.receive(message),
    detached: () => void worker.end(0),
    ended: () => void worker.end(0),
  });
  // What a plugin throws where nobody waits for it ends the process; its models are put off all the same.
  const fatal = (thrown: unknown): void => {
    log.error(`the worker ends: ${messageOf(thrown)}`, {
      stack: thrown instanceof Error ? thrown.stack : undefined,
    });
    void worker.end(1);
  };
  process.on("uncaughtException", fatal).on("unhandledRejection", fatal);
  process.on("exit", () => worker.offNow());
  session.attach(parentLink(), 0, Infinity);
}

/** Answers the calls of a fleet. */
class FleetWorker {
  readonly #log: Logger;
  readonly #units = new Map<string, WorkerUnit>();
  #plugin: UnitPlugin | undefined;
  #isEnding = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  answer(call: IncomingCall): void {
    switch (call.method) {
      case WORKER_METHODS.JOB:
        return this.#unit((call.meta as JobMeta).unit).job(call);
      case WORKER_METHODS.UNIT:
        return this.#make(call);
      case WORKER_METHODS.ABANDON:
        void this.#abandon(call);
        return;
      case WORKER_METHODS.PROBE:
        this.#unit(String(call.meta)).probe(call);
        return;
      case WORKER_METHODS.SET_UP:
        void this.#setUp(call);
        return;
      default:
        call.fail({ code: "network.protocol", message: `No method "${call.method}"` });
    }
  }

  /** Every unit is abandoned, and the process ends. */
  async end(exitCode: number): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    using _limit = systemClock.after(LONGEST_OFF_MS, () => process.exit(exitCode));
    await Promise.allSettled([...this.#units.values()].map((unit) => unit.abandon()));
    process.exit(exitCode);
  }

  offNow(): void {
    for (const unit of this.#units.values()) unit.offNow();
  }

  async #setUp(call: IncomingCall): Promise<void> {
    const { plugin, exportName } = call.meta as WorkerSetUp;
    try {
      this.#plugin = unitPluginOf(await importModule(plugin), { plugin, exportName });
      const report: WorkerReport = { kind: this.#plugin.kind };
      call.reply(msgpack.encode(report));
    } catch (thrown) {
      call.fail(DingError.from(thrown).toJSON());
    }
  }

  #make(call: IncomingCall): void {
    const { id } = call.meta as UnitMeta;
    const plugin = this.#plugin;
    if (!plugin) throw new DingError("state.invalid", "Cannot make a unit: no plugin is loaded");
    const unit = new WorkerUnit(call, plugin, this.#log);
    this.#units.set(id, unit);
    void unit.run().finally(() => this.#units.delete(id));
  }

  async #abandon(call: IncomingCall): Promise<void> {
    await this.#units.get(String(call.meta))?.abandon();
    call.reply();
  }

  #unit(id: string): WorkerUnit {
    const unit = this.#units.get(id);
    if (unit) return unit;
    throw new DingError("state.invalid", `Cannot do a job: there is no unit "${id}"`);
  }
}
