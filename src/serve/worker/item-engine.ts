import { systemClock } from "../../core/clock.ts";
import type { StackedAnswer } from "../batch-frame.ts";
import type { Group } from "../frame-reader.ts";
import { outputList } from "../plugin/outputs.ts";
import {
  isHopeless,
  tellFailures,
  type Engine,
  type EngineCall,
  type EngineOptions,
} from "./engine.ts";
import { runInHalves, type Outcome } from "./halves.ts";
import { Intake } from "./intake.ts";
import { ItemReader } from "./item-reader.ts";
import { CallContext } from "./model-context.ts";
import { Outtake } from "./outtake.ts";

/** Runs models that take a list of items. */
export class ItemEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #reader: ItemReader | undefined;
  readonly #outtake: Outtake;

  constructor(options: EngineOptions) {
    const { input, output, outputSchema } = options.model;
    this.#options = options;
    this.#reader = input && new ItemReader(input);
    this.#outtake = new Outtake({ signature: output, schema: outputSchema });
  }

  async run(groups: readonly Group[], call: EngineCall): Promise<StackedAnswer> {
    const schema = this.#options.model.inputSchema;
    const intake = await new Intake({ reader: this.#reader, schema }).takeAll(groups);
    const begunMs = systemClock.now();
    const outcomes = await this.#predict(intake, call);
    const computeMs = intake.items.length === 0 ? 0 : systemClock.now() - begunMs;
    const faults: Outcome<unknown>[] = [];
    const results = await this.#outtake.giveAll(intake.seats, outcomes, (thrown) => {
      faults.push({ thrown });
    });
    tellFailures(this.#options.context, faults, call);
    return { computeMs, results };
  }

  async #predict({ items, shapes }: Intake, call: EngineCall): Promise<Outcome<unknown>[]> {
    if (items.length === 0) return [];
    const { model, context } = this.#options;
    const run = async (from: number, to: number): Promise<readonly unknown[]> => {
      call.abort.throwIfAborted();
      const isAll = from === 0 && to === items.length;
      const facts = { ...call, shapes: isAll ? shapes : shapes.slice(from, to) };
      // A list of its own: the model's code may do with it what it likes, and the batch may be tried again.
      const outputs = model.predict?.(items.slice(from, to), new CallContext(context, facts));
      return outputList(outputs, to - from, "predict");
    };
    const outcomes = await runInHalves(items.length, run, {
      isHopeless: (thrown) => isHopeless(thrown, call),
    });
    tellFailures(context, outcomes, call);
    return outcomes;
  }
}
