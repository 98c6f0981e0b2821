import { BENCH_MODELS, type BenchModelName } from "../plugins/serve-models.ts";
import { onOneCore } from "../support/one-core.ts";
import type { Press } from "../support/press.ts";
import { familyOf, type Processes } from "../support/processes.ts";
import { inTurns } from "../support/rounds.ts";
import type { Compared } from "../support/row.ts";
import type { Pressed } from "../support/wrk.ts";
import { ask, inferRequest } from "./requests.ts";
import { type Served, startBare, startServer } from "./served.ts";

/** A server runs for months: what counts is its code once the runtime has compiled it. */
const WARM_UP = { connections: 32, seconds: 6 };
const SECONDS = 1;
const ROUNDS = 7;

/** A load, and what of its result is compared. */
export interface Load {
  readonly format: "json" | "binary";
  readonly connections: number;
  readonly figure: (pressed: Pressed) => number;
}

/** The same model in `ding serve` and in a prototype, side by side. */
export class Pair {
  readonly #press: Press;
  readonly #model: BenchModelName;
  readonly #real: Served;
  readonly #bare: Served;

  private constructor(press: Press, model: BenchModelName, [real, bare]: [Served, Served]) {
    this.#press = press;
    this.#model = model;
    this.#real = real;
    this.#bare = bare;
  }

  /** Starts both, and warms them with requests in these formats. */
  static async start(
    { press, processes }: { press: Press; processes: Processes },
    model: BenchModelName,
    { bare, formats }: { bare: "serve" | "serve-shared"; formats: readonly Load["format"][] },
  ): Promise<Pair> {
    const real = await startServer(processes, model, ["--batch-size", "32"]);
    const pair = new Pair(press, model, [real, await startBare(processes, bare, model)]);
    for (const format of formats) {
      for (const request of pair.#requests(format)) {
        await ask(request);
        await press.run(request, WARM_UP);
      }
    }
    return pair;
  }

  /** Loads both in turns; one client alone on one core. */
  async compare({ format, connections, figure }: Load): Promise<Compared> {
    const [real, limit] = this.#requests(format);
    const pressure = { connections, seconds: SECONDS };
    const turns = (): Promise<Compared> =>
      inTurns({
        rounds: ROUNDS,
        real: async () => figure(await this.#press.run(real, pressure)),
        limit: async () => figure(await this.#press.run(limit, pressure)),
      });
    const pids = [this.#real, this.#bare].flatMap(({ pid }) => familyOf(pid));
    return connections === 1 ? await onOneCore(turns, pids) : await turns();
  }

  #requests(format: Load["format"]) {
    const { floatsIn } = BENCH_MODELS[this.#model];
    return [
      inferRequest(this.#real.port, floatsIn, format),
      inferRequest(this.#bare.port, floatsIn, format),
    ] as const;
  }
}
