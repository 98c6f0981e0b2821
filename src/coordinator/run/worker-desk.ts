import { DingError } from "../../core/errors.ts";
import type { IncomingCall } from "../../rpc/peer.ts";
import { ReplayDesk } from "../replay-link/replay-desk.ts";
import type { PolicyLag } from "../weights/policy-lag.ts";
import { WeightDesk } from "../weights/weight-desk.ts";
import type { WeightStore } from "../weights/weight-store.ts";
import { SYNC_METHOD } from "../worker-link/worker-link.ts";
import type { WorkerGate } from "../worker-link/worker-gate.ts";
import type { AttemptRun } from "./attempt-run.ts";
import type { Buffers } from "./buffers.ts";
import type { Tally } from "./tally.ts";

/** What the links of workers stand on. */
export interface WorkerDeskOptions {
  gate: WorkerGate;
  buffers: Buffers;
  weights: WeightStore;
  lag: PolicyLag;
  tally: Tally;
  /** The worker was heard of. */
  touched: (run: AttemptRun) => void;
}

/** A ticket for an attempt: what its worker inserts, samples and publishes is answered here, until it is closed. */
export function openWorkerDesk(
  run: AttemptRun,
  { gate, buffers, weights, lag, tally, touched }: WorkerDeskOptions,
): { ticket: string; close: () => void } {
  const { policyId, bufferId } = run.order;
  const replay = buffers.get(bufferId);
  if (!replay) {
    throw new DingError(
      "state.invalid",
      `Cannot start task "${run.task.id}": no buffer "${bufferId}"`,
    );
  }
  const { counters } = tally;
  const replayDesk = new ReplayDesk({
    replay,
    newestVersion: () => weights.newest(policyId),
    lag,
    onInserted({ accepted, dropped }) {
      counters.inserted += accepted;
      counters.droppedInserts += dropped;
    },
    onSampled: (count) => void (counters.sampled += count),
  });
  const isLearner = run.task.kind === "learner";
  const weightDesk = new WeightDesk({ store: weights, policyId, isLearner });
  const ticket = gate.issue({
    answer(call: IncomingCall) {
      touched(run);
      if (call.method === SYNC_METHOD) return call.reply();
      if (replayDesk.answer(call) || weightDesk.answer(call)) return;
      call.fail({ code: "network.protocol", message: `Cannot call "${call.method}"` });
    },
    opened(port) {
      weightDesk.opened(port);
      run.dialled(port);
    },
  });
  return {
    ticket,
    close() {
      gate.revoke(ticket);
      replayDesk[Symbol.dispose]();
      weightDesk[Symbol.dispose]();
    },
  };
}
