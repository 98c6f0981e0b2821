import { backoffMs, type Backoff } from "../../core/retry.ts";
import { delay } from "../../core/wait.ts";
import { messageOf } from "../../core/errors.ts";
import type { Main } from "../run-main.ts";
import type { LaunchOptions } from "./launch.ts";
import { setUpAgain } from "./member.ts";
import { NodeRun, type Listening } from "./node-run.ts";

const BACKOFF: Backoff = { minMs: 500, maxMs: 30_000, jitter: 0.2 };

/** Runs a launch of one node in this process; a try that failed is followed by a new node in its place. */
export async function runHere(
  main: Main,
  options: Omit<LaunchOptions, "place" | "spawn">,
): Promise<void> {
  const { plan, autoRecover, maxRetries, backoff = BACKOFF, signal, log } = options;
  const setUp = options.setUpOf(0);
  let listening: Listening = { address: "", metrics: "", health: "" };
  for (let attempt = 1; ; attempt++) {
    await using run = new NodeRun({ ...setUp, ...setUpAgain(setUp, listening) }, log);
    const onAbort = (): void => run.finish();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      listening = await run.listen();
      const isBack = attempt > 1;
      await run.join({
        dial: isBack ? [] : plan.attachTo,
        later: isBack ? plan.attachTo : [],
        nodeIds: [],
        nodes: isBack ? 1 : (options.nodes ?? 1),
        timeoutMs: options.joinTimeoutMs,
      });
      options.onReady?.([listening]);
      await run.run(main);
      return;
    } catch (thrown) {
      if (!autoRecover || attempt > maxRetries || signal?.aborted || !run.hasRun) throw thrown;
      const facts = { node: run.node.nodeId, retry: attempt, error: messageOf(thrown) };
      log.error("Main failed and runs again", facts);
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
    await delay(backoffMs(backoff, attempt), signal);
  }
}
