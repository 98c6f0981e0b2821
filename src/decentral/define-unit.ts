import type { UnitContext, WorkContext } from "./unit-context.ts";

/** A unit in short: ding takes the jobs, keeps their leases, acknowledges, tries again, or gives them up. */
export interface UnitDefinition<Job, Model = undefined> {
  /** Runs once when the unit is made; what it throws is tried again after a while. */
  readonly getModel?: (ctx: UnitContext) => Model | Promise<Model>;
  /**
   * Does one job; when it has come back the job is done and gone. What it throws is the reason of another try, later;
   * after the last one, or `throw new GiveUp(reason)`, the job is in the dead-letter list.
   */
  readonly work: (job: Job, ctx: WorkContext<Model>) => unknown;
  /** Runs once when the unit ends, if there is a model. */
  readonly offModel?: (model: Model) => unknown;
}

/** Says that an object is a processing unit, and has its types checked. */
export function defineUnit<Job, Model = undefined>(
  definition: UnitDefinition<Job, Model>,
): UnitDefinition<Job, Model> {
  return definition;
}
