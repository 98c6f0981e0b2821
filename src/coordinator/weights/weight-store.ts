import { DingError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { Weights } from "../plugin/worker-context.ts";
import { sha256Of } from "./sha256.ts";
import { type FoundPolicy, type KeptWeights, WeightFiles } from "./weight-files.ts";
import type { PublishFileWords, WeightPlace } from "./weight-words.ts";

/** How weights are kept. */
export interface WeightStoreOptions {
  /** Where they lie as files; without it they live as long as the process. */
  folder?: string | undefined;
  /** Versions of each policy, at most; default 4. */
  keep?: number | undefined;
  log: Logger;
}

/** What a policy has. */
export interface PolicyStats {
  policyId: string;
  newest: number;
  kept: readonly number[];
  /** Of the newest version. */
  sha256: string | undefined;
  bytes: number;
}

interface Policy {
  newest: number;
  /** Versions up to here may be given out; what was given out before a crash lies below it. */
  ceiling: number;
  /** … as soon as it is written. */
  nextCeiling: number;
  /** The oldest first. */
  kept: KeptWeights[];
  /** Publications go one after the other. */
  turn: Promise<unknown>;
}

type Listener = (version: number) => void;

const DEFAULT_KEEP = 4;
/**
 * Version numbers that are reserved at once, so that not every one is written down. After a crash those that were not
 * used are passed over: as many versions does everything look older then, which is why they are few.
 */
const RESERVE = 16;

/**
 * The newest weights of each policy, and a few before. Versions count from 1 and never go back, also over restarts.
 * A version is there all at once: whoever reads gets the whole of one, with its checksum.
 */
export class WeightStore implements AsyncDisposable {
  readonly #files: WeightFiles | undefined;
  readonly #keep: number;
  readonly #log: Logger;
  readonly #policies = new Map<string, Policy>();
  readonly #listeners = new Map<string, Set<Listener>>();
  /** Those that lie in a file. */
  readonly #saved = new WeakSet<KeptWeights>();
  #writes: Promise<void> = Promise.resolve();

  private constructor({ folder, keep = DEFAULT_KEEP, log }: WeightStoreOptions) {
    if (!(Number.isSafeInteger(keep) && keep >= 1)) {
      throw new DingError(
        "usage.invalid-option",
        `Cannot use weights.keep: ${keep} is not a whole number from 1 on`,
        { details: { path: "weights.keep" } },
      );
    }
    this.#files = folder === undefined ? undefined : new WeightFiles(folder);
    this.#keep = keep;
    this.#log = log;
  }

  /** A store with all that is whole in its folder; broken files are counted in the log, and gone. */
  static async open(options: WeightStoreOptions): Promise<WeightStore> {
    const store = new WeightStore(options);
    for (const found of (await store.#files?.load()) ?? []) await store.#take(found);
    return store;
  }

  /** The newest version of a policy; 0 before the first. */
  newest(policyId: string): number {
    return this.#policies.get(policyId)?.newest ?? 0;
  }

  /** Makes these bytes, of which it takes a copy, the newest; resolves with their version. */
  async publish(policyId: string, bytes: Uint8Array): Promise<number> {
    return await this.publishOwn(policyId, { bytes: bytes.slice(), sha256: sha256Of(bytes) });
  }

  /** Where the files lie, for those who share the disk; undefined without files. */
  get place(): WeightPlace | undefined {
    return this.#files?.place;
  }

  /** The file of a version, below the root; undefined while it is not written. */
  fileOf(policyId: string, version: number): string | undefined {
    const kept = this.#policies.get(policyId)?.kept.find((one) => one.version === version);
    return kept && this.#saved.has(kept) ? this.#files?.nameOf(policyId, kept) : undefined;
  }

  /** As `publish()`, of a file that lies in the policy's folder. */
  async publishFile(policyId: string, words: PublishFileWords): Promise<number> {
    if (!this.#files) {
      throw new DingError(
        "usage.invalid-input",
        "Cannot publish weights in a file: there are none",
      );
    }
    const bytes = await this.#files.readIncoming(policyId, words);
    return await this.publishOwn(policyId, { bytes, sha256: words.sha256, incoming: words.name });
  }

  /** As `publish()`, with bytes that nobody else writes to, and their checksum; `incoming` is a file that has them. */
  async publishOwn(
    policyId: string,
    { bytes, sha256, incoming }: { bytes: Uint8Array; sha256: string; incoming?: string },
  ): Promise<number> {
    const policy = this.#policyOf(policyId);
    const done = policy.turn.then(async () => {
      const version = policy.newest + 1;
      // In time, so that nobody has to wait for it.
      if (version + RESERVE / 2 > policy.nextCeiling) void this.#raise(policyId, policy, version);
      if (version > policy.ceiling) await this.#writes;
      const weights = { version, sha256, bytes };
      if (incoming !== undefined) {
        await this.#files?.adopt(policyId, incoming, weights);
        this.#saved.add(weights);
      }
      this.#add(policyId, policy, weights);
      return version;
    });
    policy.turn = done.catch(() => {});
    return await done;
  }

  /** The newest weights, if they are newer than this. */
  latest(policyId: string, newerThan = 0): Weights | undefined {
    const kept = this.#policies.get(policyId)?.kept.at(-1);
    return kept && kept.version > newerThan ? { policyId, ...kept } : undefined;
  }

  /** One version; `http.not-found` when it is not kept. */
  at(policyId: string, version: number): Weights {
    const kept = this.#policies.get(policyId)?.kept.find((one) => one.version === version);
    if (kept) return { policyId, ...kept };
    const there = this.#policies.get(policyId)?.kept.map((one) => one.version) ?? [];
    throw new DingError(
      "http.not-found",
      `Cannot find version ${version} of the weights of "${policyId}"`,
      { hint: `There is ${there.join(", ") || "none"}; older ones were let go.` },
    );
  }

  /** Makes the newest weights of one policy, or this version of them, the newest of another: the same bytes. */
  async copy(policyId: string, toPolicyId: string, version?: number): Promise<Weights> {
    const from = version === undefined ? this.latest(policyId) : this.at(policyId, version);
    if (!from) {
      throw new DingError("http.not-found", `Cannot copy weights of "${policyId}": there are none`);
    }
    const copied = await this.publishOwn(toPolicyId, from);
    return this.at(toPolicyId, copied);
  }

  /** Hears of every new version from now on, until disposed. */
  subscribe(policyId: string, listener: Listener): Disposable {
    const listeners = this.#listeners.get(policyId) ?? new Set();
    this.#listeners.set(policyId, listeners);
    const own: Listener = (version) => listener(version);
    listeners.add(own);
    return {
      [Symbol.dispose]: () => {
        listeners.delete(own);
        if (listeners.size === 0 && this.#listeners.get(policyId) === listeners) {
          this.#listeners.delete(policyId);
        }
      },
    };
  }

  /** Lets go of a policy with all of its versions. */
  async forget(policyId: string): Promise<void> {
    this.#policies.delete(policyId);
    await this.#write(() => this.#files?.forget(policyId));
  }

  stats(): PolicyStats[] {
    return [...this.#policies].map(([policyId, { newest, kept }]) => ({
      policyId,
      newest,
      kept: kept.map(({ version }) => version),
      sha256: kept.at(-1)?.sha256,
      bytes: kept.at(-1)?.bytes.length ?? 0,
    }));
  }

  /** Resolves when all that was published lies in files. */
  async flush(): Promise<void> {
    await this.#writes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    await this.#write(() => this.#files?.close());
    // Every number up to the newest is known: none has to be passed over.
    for (const [policyId, { newest, ceiling }] of this.#policies) {
      if (ceiling > newest) await this.#write(() => this.#files?.raiseCeiling(policyId, newest));
    }
  }

  /** After a crash the last versions may not lie in files: the newest that does becomes newer than all of them. */
  async #take({ policyId, kept, ceiling, broken }: FoundPolicy): Promise<void> {
    for (const one of kept) this.#saved.add(one);
    if (broken > 0)
      this.#log.warn(`weights of ${policyId}: ${broken} broken files are passed over`);
    const newest = Math.max(ceiling, kept.at(-1)?.version ?? 0);
    const turn = Promise.resolve();
    const policy = { newest, ceiling: newest, nextCeiling: newest, kept, turn };
    this.#policies.set(policyId, policy);
    const last = kept.at(-1);
    if (last && last.version < newest) await this.publishOwn(policyId, last);
  }

  #policyOf(policyId: string): Policy {
    const known = this.#policies.get(policyId);
    if (known) return known;
    const turn = Promise.resolve();
    const policy: Policy = { newest: 0, ceiling: 0, nextCeiling: 0, kept: [], turn };
    this.#policies.set(policyId, policy);
    return policy;
  }

  #add(policyId: string, policy: Policy, weights: KeptWeights): void {
    policy.newest = weights.version;
    policy.kept.push(weights);
    const gone = policy.kept.splice(0, Math.max(0, policy.kept.length - this.#keep));
    void this.#write(async () => {
      // Who publishes faster than the disk writes: what is not kept any more needs no file.
      if (policy.kept.includes(weights) && !this.#saved.has(weights)) {
        await this.#files?.save(policyId, weights);
        this.#saved.add(weights);
      }
      for (const old of gone) await this.#files?.remove(policyId, old);
    });
    for (const listener of this.#listeners.get(policyId) ?? []) listener(weights.version);
  }

  #raise(policyId: string, policy: Policy, version: number): Promise<void> {
    policy.nextCeiling = version + RESERVE;
    return this.#write(async () => {
      await this.#files?.raiseCeiling(policyId, version + RESERVE);
      policy.ceiling = version + RESERVE;
    });
  }

  /** Files are written one after the other; what fails there is told, and does not end the run. */
  #write(work: () => Promise<void> | undefined): Promise<void> {
    if (!this.#files) return this.#writes;
    this.#writes = this.#writes.then(work).catch((thrown: unknown) => {
      this.#log.error(`cannot write weights: ${messageOf(thrown)}`);
    });
    return this.#writes;
  }
}
