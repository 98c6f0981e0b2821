import { expect, test } from "bun:test";
import { Chance, chaosSeed } from "../support/chance.ts";
import { notesIn, unitFixture } from "../support/fleet.ts";
import { decentral, jobLines, startDecentral, statusOf } from "../support/fleet-process.ts";
import type { StartedFleet } from "../support/fleet-process.ts";
import { freePort } from "../support/free-port.ts";
import { modelFixture } from "../support/serve.ts";
import { spawnDing, type RunningDing } from "../support/ding.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const JOBS = 10_000;
const UNITS = 16;
/** Jobs that kill the process of whoever does them. */
const POISON = [1_234, 5_678];
const TROUBLES = ["worker", "worker", "worker", "fleet", "server"] as const;

interface Stats {
  length: number;
  dead: number;
}

/** A server, a fleet of its clients, and a queue; any of them may die. */
class Place implements AsyncDisposable {
  readonly folder: TempFolder;
  readonly #port: number;
  server: RunningDing;
  fleet: StartedFleet | undefined;
  readonly kills: Record<string, number> = { worker: 0, fleet: 0, server: 0 };

  private constructor(folder: TempFolder, port: number) {
    this.folder = folder;
    this.#port = port;
    this.server = this.#startServer();
  }

  static async start(): Promise<Place> {
    const place = new Place(await tempFolder(), await freePort());
    await place.server.ready(30_000);
    return place;
  }

  get notes(): string {
    return this.folder.file("notes");
  }

  async startFleet(): Promise<void> {
    const server = `127.0.0.1:${this.#port}`;
    const args = ["--plugin", unitFixture("asking.ts"), "--queue", "sqlite:./jobs.db"];
    const own = ["--num-client", `${UNITS}`, "--workers", "2", "--remote-servers", server];
    const fast = ["--lease-ms", "2000", "--retry-ms", "50", "--log-level", "error"];
    this.fleet = await startDecentral([...args, ...own, ...fast], { cwd: this.folder.path });
  }

  stats(): Promise<Stats> {
    return decentral<Stats>(["queue", "stats"], { cwd: this.folder.path });
  }

  async trouble(what: (typeof TROUBLES)[number], chance: Chance): Promise<void> {
    this.kills[what] = (this.kills[what] ?? 0) + 1;
    if (what === "worker" && this.fleet) {
      const { workers } = await statusOf(this.fleet);
      process.kill(chance.pick(workers).pid, "SIGKILL");
    } else if (what === "fleet") {
      this.fleet?.kill();
      await this.fleet?.waitForExit();
      await this.startFleet();
    } else if (what === "server") {
      this.server.kill();
      await this.server.waitForExit();
      await this.server[Symbol.asyncDispose]();
      this.server = this.#startServer();
      await this.server.ready(30_000);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet?.[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }

  #startServer(): RunningDing {
    const words = ["serve", modelFixture("jobs.ts"), "--port", `${this.#port}`, "--json"];
    return spawnDing([...words, "--workers", "1"], { runtime: "binary" });
  }
}

test("workers, fleet and server are killed under 10,000 jobs: each is done, or dead with its reasons", async () => {
  const seed = chaosSeed();
  const chance = new Chance(seed);
  await using place = await Place.start();
  const to = place.notes;
  const file = await place.folder.write(
    "jobs.jsonl",
    jobLines(JOBS, (n) => ({ to, n, ...(POISON.includes(n) && { kill: true }) })),
  );
  await decentral(["push", file, "--key-field", "n"], { cwd: place.folder.path });
  await place.startFleet();
  let done = 0;
  for (let kills = 0; kills < 10 && done < JOBS * 0.9; kills++) {
    const next = done + chance.integer(200, 800);
    await until(() => (done = notesIn(to).length) >= next, { what: "jobs", timeoutMs: 60_000 });
    await place.trouble(chance.pick(TROUBLES), chance);
  }
  await until(async () => (await place.stats()).length === 0, {
    what: "an empty queue",
    timeoutMs: 90_000,
    everyMs: 200,
  });
  const notes = notesIn(to);
  const kills = Object.values(place.kills).reduce((sum, count) => sum + count, 0);
  const again = notes.length - new Set(notes.map(({ n }) => n)).size;
  console.error(`  decentral: CHAOS_SEED=${seed} ${JSON.stringify({ ...place.kills, again })}`);

  const missing = Array.from({ length: JOBS }, (_, n) => n).filter(
    (n) => !POISON.includes(n) && !notes.some((note) => note.n === n),
  );
  expect(missing).toEqual([]);
  expect((await place.stats()).dead).toBe(POISON.length);
  // What runs twice has the same key, and its second run knows that it is one.
  const byNumber = Object.groupBy(notes, ({ n }) => `${n}`);
  for (const [n, runs = []] of Object.entries(byNumber)) {
    expect(new Set(runs.map(({ key }) => key))).toEqual(new Set([n]));
    expect(new Set(runs.map(({ attempt }) => attempt)).size).toBe(runs.length);
  }
  // Every death may bring two jobs of a unit again; the poison kills, too.
  const poisonKills = POISON.length * 5;
  expect(again).toBeLessThanOrEqual((kills + poisonKills) * UNITS * 2);
  await decentral(["terminate", "--port", `${place.fleet?.port}`]);
  expect(await place.fleet?.waitForExit()).toMatchObject({ code: 0 });
}, 240_000);
