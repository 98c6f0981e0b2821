import { DingError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { within } from "../../core/wait.ts";
import { RemoteReplay } from "../replay-link/remote-replay.ts";
import { RemoteWeights } from "../weights/remote-weights.ts";
import { dialWorkerLink } from "../worker-link/dial-worker-link.ts";
import { END_METHOD, type LinkTarget, SYNC_METHOD } from "../worker-link/worker-link.ts";
import { DrainedReplay } from "./drained-replay.ts";
import type { WorkerAttempt } from "./worker-attempt.ts";
import type { ReplayReader, ReplayWriter } from "./worker-context.ts";
import type { CollectorTask, LearnerTask } from "./worker-task.ts";

/** What the code of a worker reaches over its link. */
export interface WorkerParts {
  readonly replay: ReplayWriter & ReplayReader;
  readonly weights: RemoteWeights;
  /** Resolves when all that was said has arrived, or cannot any more. */
  delivered: () => Promise<void>;
  close: () => void;
}

/** What opening them takes. */
export interface StartPartsOptions {
  link: LinkTarget;
  task: CollectorTask | LearnerTask;
  attempt: WorkerAttempt;
  log: Logger;
  /** Of the dialling. */
  signal: AbortSignal;
}

const DELIVER_MS = 5_000;

/** Opens the link of an attempt; when it is lost, the attempt is aborted. */
export async function startParts(options: StartPartsOptions): Promise<WorkerParts> {
  const { link, task, attempt, log, signal } = options;
  let weights: RemoteWeights | undefined;
  const opened = await dialWorkerLink(
    link,
    {
      call(call) {
        if (weights?.answer(call)) return;
        if (call.method === END_METHOD) {
          const { drainMs = 0 } = (call.meta ?? {}) as { drainMs?: number };
          void attempt.end(drainMs);
          return call.reply();
        }
        call.fail({ code: "network.protocol", message: `Cannot call "${call.method}"` });
      },
      lost(error) {
        const message = `The link to the coordinator is lost: ${error.message}`;
        attempt.abort(new DingError("task.lost", message, { cause: error }));
      },
    },
    { log, signal },
  );
  const remote = new RemoteWeights({
    port: opened,
    policyId: task.policyId,
    signal: attempt.signal,
  });
  weights = remote;
  const buffer = new RemoteReplay({
    port: opened,
    signal: attempt.signal,
    actingVersion: () => remote.acting,
    holdUntil: (version, until) => remote.holdUntil(version, until),
  });
  return {
    replay: attempt.attended(new DrainedReplay(buffer, attempt.asked)),
    weights: attempt.attended(remote),
    async delivered() {
      // Acknowledgements come when it suits; an answer comes now.
      const heard = opened.request(SYNC_METHOD, null);
      await within(heard, DELIVER_MS, "what was said").catch(() => {});
    },
    close: () => opened.close(),
  };
}
