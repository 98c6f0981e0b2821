import type { Clock } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { sampleEveryMs, ScalePolicy, type ScaleOptions } from "../scale.ts";
import type { ModelVersion } from "./model-version.ts";

/** When workers are added and let go again. */
export interface ScalerOptions {
  /** How many may be added to each model; with 0 nothing is done. */
  readonly numWorkerExpanded: number;
  readonly busyUtilThreshold: number;
  /** Milliseconds. */
  readonly durationExpand: number;
  /** Milliseconds. */
  readonly durationSqueeze: number;
  readonly models: () => readonly ModelVersion[];
  readonly clock: Clock;
  readonly log: Logger;
}

interface Watched {
  readonly policy: ScalePolicy;
  generation: object;
}

/** Adds workers to models while all of theirs are busy, and lets them go when it is calm. */
export class Scaler implements Disposable {
  readonly #options: ScalerOptions;
  readonly #scale: ScaleOptions;
  readonly #watched = new Map<ModelVersion, Watched>();
  #timer: Disposable | undefined;

  constructor(options: ScalerOptions) {
    this.#options = options;
    this.#scale = {
      most: options.numWorkerExpanded,
      busyThreshold: options.busyUtilThreshold,
      expandMs: options.durationExpand,
      squeezeMs: options.durationSqueeze,
    };
    if (options.numWorkerExpanded > 0) this.#sampleLater();
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #sampleLater(): void {
    this.#timer = this.#options.clock.after(sampleEveryMs(this.#scale), () => {
      for (const model of this.#options.models()) this.#sample(model);
      this.#sampleLater();
    });
  }

  #sample(model: ModelVersion): void {
    const pressure = model.pressure;
    if (!pressure) return;
    const { generation, ...load } = pressure;
    let watched = this.#watched.get(model);
    if (!watched) {
      watched = { policy: new ScalePolicy(this.#scale), generation };
      this.#watched.set(model, watched);
    }
    if (watched.generation !== generation) watched.policy.reset();
    watched.generation = generation;
    const { clock, log } = this.#options;
    const step = watched.policy.next({ now: clock.now(), ...load });
    if (step === 0) return;
    const { extra } = watched.policy;
    log.info(`model "${model.label}" ${step > 0 ? "gets a worker more" : "lets a worker go"}`, {
      extra,
    });
    model.expand(extra).catch((thrown: unknown) => {
      log.error(`Cannot add a worker to model "${model.label}": ${messageOf(thrown)}`);
      if (watched.generation !== generation) return;
      watched.policy.failed();
      model.expand(watched.policy.extra).catch(() => {}); // fewer need nothing that could fail
    });
  }
}
