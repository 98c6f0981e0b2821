import { DingError } from "../../core/errors.ts";
import type { CollectorFinish, CollectorInfo } from "../commander/commander.ts";

/** What a collector's code has done in one attempt. */
export class Totals {
  #envSteps = 0;
  #policyVersion = 0;
  #episodes = 0;
  #returnSum = 0;
  /** Welford's sum of squared differences from the mean. */
  #spread = 0;
  #lastReturn: number | undefined;
  #wins = 0;
  #draws = 0;
  #losses = 0;

  get episodes(): number {
    return this.#episodes;
  }

  /** `usage.invalid-input` for what cannot be counted: a sum with it would say nothing. */
  steps(count: number, policyVersion: number): void {
    checkNumber("steps()", count);
    this.#envSteps += count;
    if (policyVersion > this.#policyVersion) this.#policyVersion = policyVersion;
  }

  /** `usage.invalid-input` for a return that is no number: no mean with it would ever be a goal. */
  episode(ended: { return: number; won?: boolean | undefined; draw?: boolean | undefined }): void {
    checkNumber("episode()", ended.return);
    const before = this.#mean;
    this.#episodes += 1;
    this.#returnSum += ended.return;
    this.#lastReturn = ended.return;
    this.#spread += (ended.return - before) * (ended.return - this.#mean);
    if (ended.draw === true) this.#draws += 1;
    else if (ended.won === true) this.#wins += 1;
    else if (ended.won === false) this.#losses += 1;
  }

  info(collectorDone: boolean): CollectorInfo {
    return {
      collectorDone,
      envSteps: this.#envSteps,
      episodes: this.#episodes,
      returnSum: this.#returnSum,
      lastReturn: this.#lastReturn,
      policyVersion: this.#policyVersion,
    };
  }

  finish({ isEval, durationMs }: { isEval: boolean; durationMs: number }): CollectorFinish {
    const count = this.#episodes;
    return {
      ...this.info(true),
      isEval,
      durationMs,
      rewardMean: this.#mean,
      rewardStd: count === 0 ? 0 : Math.sqrt(Math.max(0, this.#spread / count)),
      wins: this.#wins,
      draws: this.#draws,
      losses: this.#losses,
    };
  }

  get #mean(): number {
    return this.#episodes === 0 ? 0 : this.#returnSum / this.#episodes;
  }
}

function checkNumber(what: string, value: unknown): void {
  if (typeof value === "number" && Number.isFinite(value)) return;
  throw new DingError("usage.invalid-input", `Cannot count ${what}: ${String(value)} is no number`);
}
