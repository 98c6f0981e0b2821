/** What becomes of data of a collector whose weights are too old. */
export type OnPolicyLag = "drop" | "pause" | "mark";

/** What an insert hears. */
export type LagVerdict = "take" | OnPolicyLag;

/** How far behind collectors were, in versions. */
export interface PolicyLagStats {
  /** Of the last insert. */
  last: number;
  /** Over all inserts so far. */
  least: number;
  most: number;
  mean: number;
  inserts: number;
  /** Steps that were not taken in. */
  dropped: number;
  /** Inserts after which a collector was held until it had newer weights. */
  paused: number;
  /** Steps that were taken in although they are beyond the limit. */
  marked: number;
}

/** What it goes by. */
export interface PolicyLagOptions {
  /** So many versions may a collector be behind; default: any. */
  maxPolicyLag?: number | undefined;
  /** Beyond that: "drop" its data (default), "pause" it until it has newer weights, or only count ("mark"). */
  onLag?: OnPolicyLag | undefined;
}

/**
 * Judges data by the version of the policy that made them. "drop" refuses what is beyond the limit. "pause" holds a
 * collector at the limit, so that nothing of it goes beyond by more than what the learner publishes meanwhile.
 */
export class PolicyLag {
  readonly #limit: number;
  readonly #onLag: OnPolicyLag;
  #last = 0;
  #least = Infinity;
  #most = 0;
  #sum = 0;
  #inserts = 0;
  #dropped = 0;
  #paused = 0;
  #marked = 0;

  constructor({ maxPolicyLag = Infinity, onLag = "drop" }: PolicyLagOptions = {}) {
    this.#limit = maxPolicyLag;
    this.#onLag = onLag;
  }

  /** Counts an insert of `count` steps that were made with this version. */
  judge(version: number, { newest, count }: { newest: number; count: number }): LagVerdict {
    const lag = Math.max(0, newest - version);
    this.#last = lag;
    this.#least = Math.min(this.#least, lag);
    this.#most = Math.max(this.#most, lag);
    this.#sum += lag;
    this.#inserts++;
    const isBeyond = lag > this.#limit;
    if (isBeyond && this.#onLag === "drop") {
      this.#dropped += count;
      return "drop";
    }
    if (isBeyond) this.#marked += count;
    if (this.#onLag === "pause" && lag > 0 && lag >= this.#limit) {
      this.#paused++;
      return "pause";
    }
    return isBeyond ? "mark" : "take";
  }

  get stats(): PolicyLagStats {
    const inserts = this.#inserts;
    return {
      last: this.#last,
      least: inserts === 0 ? 0 : this.#least,
      most: this.#most,
      mean: inserts === 0 ? 0 : this.#sum / inserts,
      inserts,
      dropped: this.#dropped,
      paused: this.#paused,
      marked: this.#marked,
    };
  }
}
