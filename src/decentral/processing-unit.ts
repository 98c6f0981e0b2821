import type { RoundContext, UnitContext } from "./unit-context.ts";

/**
 * The class of a unit that finds its work itself; extend it. Each unit has an instance of its own. Any method may be
 * async, and be written as the ancestor has it: `get_model`, `do_work`, `off_model`.
 *
 *   getModel → doWork* → offModel
 */
export abstract class ProcessingUnit<Model = unknown> {
  /** Opens what the unit needs: a client of its server, a queue, a database. */
  getModel?(ctx: UnitContext): Model | Promise<Model>;

  /** Does one job, again and again; give `false` when there was none, and the next round waits a little. */
  abstract doWork(model: Model, ctx: RoundContext): unknown;

  /** Closes it all; called once, however the unit ends. */
  offModel?(model: Model): unknown;
}
