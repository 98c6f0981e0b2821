import { systemClock } from "../../core/clock.ts";
import type { StackedAnswer } from "../batch-frame.ts";
import type { Group } from "../frame-reader.ts";
import { outputList } from "../plugin/outputs.ts";
import { after, type Soon } from "../soon.ts";
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

  run(groups: readonly Group[], call: EngineCall): Soon<StackedAnswer> {
    const schema = this.#options.model.inputSchema;
    const intake = new Intake({ reader: this.#reader, schema });
    return after(intake.takeAll(groups), () => this.#runItems(intake, call));
  }

  #runItems(intake: Intake, call: EngineCall): Soon<StackedAnswer> {
    const begunMs = systemClock.now();
    return after(this.#predict(intake, call), (outcomes) => {
      const computeMs = intake.items.length === 0 ? 0 : systemClock.now() - begunMs;
      tellFailures(this.#options.context, outcomes, call);
      const faults: Outcome<unknown>[] = [];
      const onFault = (thrown: unknown): void => void faults.push({ thrown });
      return after(this.#outtake.giveAll(intake.seats, outcomes, onFault), (results) => {
        tellFailures(this.#options.context, faults, call);
        return { computeMs, results };
      });
    });
  }

  #predict({ items, shapes }: Intake, call: EngineCall): Soon<Outcome<unknown>[]> {
    if (items.length === 0) return [];
    const { model, context } = this.#options;
    const run = (from: number, to: number): Soon<readonly unknown[]> => {
      call.abort.throwIfAborted();
      const isAll = from === 0 && to === items.length;
      const facts = { ...call, shapes: isAll ? shapes : shapes.slice(from, to) };
      // A list of its own: the model's code may do with it what it likes, and the batch may be tried again.
      const outputs = model.predict?.(items.slice(from, to), new CallContext(context, facts));
      return outputList(outputs, to - from, "predict");
    };
    return runInHalves(items.length, run, { isHopeless: (thrown) => isHopeless(thrown, call) });
  }
}
