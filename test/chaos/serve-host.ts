import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { signalIfThere } from "../support/signal-if-there.ts";
import { Chance } from "../support/chance.ts";
import { startServe, type StartedServe } from "../support/serve.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

const MODEL = readFileSync(join(import.meta.dir, "fixtures/echo-model.ts"), "utf8");

/** Who stands still for a second is taken for dead; a stop may last longer here than it was meant to. */
const LONGEST_STOP_MS = 500;

/** What can happen to a server. */
export type ServeTrouble =
  | "kill worker"
  | "stop worker"
  | "SIGHUP"
  | "watched file"
  | "load by API";

/** A real server, to whose workers and models things happen by chance. */
export class ServeHost implements AsyncDisposable {
  readonly counts: Partial<Record<ServeTrouble, number>> = {};
  /** That of the model's file. */
  version = 1;
  readonly server: StartedServe;
  readonly ledger: string;
  readonly #folder: TempFolder;
  readonly #chance: Chance;
  readonly #stopped = new Set<number>();

  private constructor(folder: TempFolder, server: StartedServe, chance: Chance) {
    this.#folder = folder;
    this.server = server;
    this.ledger = folder.file("ledger");
    this.#chance = chance;
  }

  static async start(seed: number, args: string[] = []): Promise<ServeHost> {
    const folder = await tempFolder();
    await folder.write("ledger", "");
    const model = await folder.write("model.ts", MODEL);
    const words = ["--workers=2", "--batch-size=8", "--watch", "--log-level=warn", ...args];
    const env = { LEDGER: folder.file("ledger") };
    const server = await startServe([model, ...words], { env });
    return new ServeHost(folder, server, new Chance(seed));
  }

  /** Lets things happen for so long; whoever was stopped goes on afterwards. */
  async harass(troubles: readonly ServeTrouble[], ms: number): Promise<void> {
    const end = performance.now() + ms;
    const underWay: Promise<void>[] = [];
    while (performance.now() < end) {
      const trouble = this.#chance.pick(troubles);
      this.counts[trouble] = (this.counts[trouble] ?? 0) + 1;
      const caused = this.#cause(trouble);
      caused.catch(() => {}); // it is heard of in the end
      underWay.push(caused);
      await wait(this.#chance.integer(50, 350));
    }
    await Promise.all(underWay);
  }

  /** Another version of the model, by one of the ways. */
  async swap(trouble: ServeTrouble): Promise<void> {
    this.version += 1;
    const text = MODEL.replace("VERSION = 1", `VERSION = ${this.version}`);
    await writeFile(this.#folder.file("model.ts"), text);
    if (trouble === "SIGHUP") this.server.kill("SIGHUP");
    if (trouble !== "load by API") return;
    const url = `${this.server.url}/v2/repository/models/model/load`;
    const answer = await fetch(url, { method: "POST" });
    if (!answer.ok) throw new Error(`load: ${answer.status} ${await answer.text()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.#stopped) signalIfThere(pid, "SIGCONT");
    await this.server[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }

  async #cause(trouble: ServeTrouble): Promise<void> {
    const stopMs = this.#chance.integer(20, LONGEST_STOP_MS);
    const index = this.#chance.integer(0, 1);
    if (trouble !== "kill worker" && trouble !== "stop worker") return this.swap(trouble);
    const pid = (await this.workers())[index];
    if (pid === undefined) return;
    if (trouble === "kill worker") return void signalIfThere(pid, "SIGKILL");
    if (this.#stopped.has(pid)) return;
    this.#stopped.add(pid);
    signalIfThere(pid, "SIGSTOP");
    await wait(stopMs);
    signalIfThere(pid, "SIGCONT");
    this.#stopped.delete(pid);
  }

  async workers(): Promise<number[]> {
    const status = (await (await fetch(`${this.server.url}/status`)).json()) as {
      models: { workers: { pid: number }[] }[];
    };
    return status.models[0]?.workers.map(({ pid }) => pid) ?? [];
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
