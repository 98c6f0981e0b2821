import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { CollectorOrder, LearnerOrder, WeightCopy } from "../commander/commander.ts";
import type { TaskBoard } from "../tasks/task-board.ts";
import type { WeightStore } from "../weights/weight-store.ts";

/** What they stand on. */
export interface KeptPoliciesOptions {
  weights: Pick<WeightStore, "copy" | "forget">;
  board: Pick<TaskBoard, "open">;
  log: Logger;
}

/** Policies beside the one that is learned, such as a league's snapshots: copied, and gone when nobody needs them. */
export class KeptPolicies {
  readonly #options: KeptPoliciesOptions;
  readonly #retired = new Set<string>();
  #copying: Promise<unknown> = Promise.resolve();

  constructor(options: KeptPoliciesOptions) {
    this.#options = options;
  }

  /** Resolves when all copies that were asked for are there. */
  get settled(): Promise<unknown> {
    return this.#copying;
  }

  copy(copy: WeightCopy): void {
    this.#copying = Promise.all([this.#copying, this.#copy(copy)]);
  }

  /** The commander has no use for it any more. */
  retire(policyId: string): void {
    this.#retired.add(policyId);
  }

  /**
   * Call it when a state is taken, and what comes back when that lies on the disk: what neither it nor a task has use for
   * goes. Before, whoever resumes would look for it.
   */
  saving(): () => Promise<void> {
    const retired = [...this.#retired];
    return async () => {
      const { weights, log } = this.#options;
      if (retired.length > 0) await this.#copying;
      for (const policyId of retired) {
        if (this.#isPlayed(policyId)) continue;
        this.#retired.delete(policyId);
        await weights.forget(policyId);
        log.info(`the weights of ${policyId} are let go of`);
      }
    };
  }

  #isPlayed(policyId: string): boolean {
    return this.#options.board.open.some(({ payload }) => {
      const { policyId: own, players = [] } = payload as CollectorOrder & LearnerOrder;
      return own === policyId || players.some((player) => player.policyId === policyId);
    });
  }

  /** The version may have been let go of meanwhile: then the newest is near enough. */
  async #copy({ policyId, toPolicyId, version }: WeightCopy): Promise<void> {
    const { weights, log } = this.#options;
    try {
      await weights
        .copy(policyId, toPolicyId, version)
        .catch(() => weights.copy(policyId, toPolicyId));
      log.info(`weights ${version} of ${policyId} are kept as ${toPolicyId}`);
    } catch (thrown) {
      log.error(`cannot keep weights ${version} of ${policyId}: ${messageOf(thrown)}`);
    }
  }
}
