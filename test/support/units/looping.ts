/** Finds its work itself, as the ancestor's units do; notes what happens to it in the file of LOOPING_NOTES. */
import { appendFileSync, existsSync } from "node:fs";
import { ProcessingUnit, type RoundContext, type UnitContext } from "ding";

interface Model {
  rounds: number;
}

const notes = process.env["LOOPING_NOTES"] ?? "";
/** While this file is there models cannot be made. */
const closed = `${notes}.closed`;
/** Whoever sees this file throws where nobody waits for it. */
const crash = `${notes}.crash`;

function note(what: string, facts: object): void {
  appendFileSync(notes, `${JSON.stringify({ what, pid: process.pid, ...facts })}\n`);
}

// oxlint-disable-next-line import/no-default-export -- a plugin is the default of its module
export default class Looping extends ProcessingUnit<Model> {
  #unit = "";

  override getModel({ ip, port, portOut, unit }: UnitContext): Model {
    if (existsSync(closed)) throw new Error("the database is closed");
    this.#unit = unit;
    note("get", { unit, ip, port, portOut });
    return { rounds: 0 };
  }

  async doWork(model: Model, ctx: RoundContext): Promise<unknown> {
    model.rounds += 1;
    ctx.job = { round: model.rounds };
    if (existsSync(crash)) void Promise.reject(new Error("nobody waits for it"));
    await ctx.sleep(10);
    if (model.rounds === 2) throw new Error("the second round fails");
    return model.rounds % 2 === 1 ? undefined : false;
  }

  override offModel(model: Model): void {
    note("off", { unit: this.#unit, rounds: model.rounds });
  }
}
