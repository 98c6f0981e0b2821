import { expect } from "bun:test";
import { signalIfThere } from "../support/signal-if-there.ts";
import { Chance, chaosSeed } from "../support/chance.ts";
import { notesIn, unitFixture, type Note } from "../support/fleet.ts";
import { decentral, jobLines, startDecentral, statusOf } from "../support/fleet-process.ts";
import type { StartedFleet } from "../support/fleet-process.ts";
import { freePort } from "../support/free-port.ts";
import { natsMissing, natsServer } from "../support/nats-server.ts";
import { testNeeding } from "../support/needs.ts";
import { redisMissing, redisServer } from "../support/redis-server.ts";
import { modelFixture } from "../support/serve.ts";
import { spawnDing, type RunningDing } from "../support/ding.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const JOBS = 10_000;
const UNITS = 16;
const LEASE_MS = 2_000;
/** Jobs that kill the process of whoever does them. */
const POISON = [1_234, 5_678];
const TROUBLES = ["worker", "worker", "worker", "fleet", "server", "broker"] as const;

/** The server of a queue. */
interface Broker extends AsyncDisposable {
  readonly url: string;
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** A file needs no server. */
const FILE: Broker = {
  url: "sqlite:./jobs.db",
  kill: async () => {},
  start: async () => {},
  [Symbol.asyncDispose]: async () => {},
};

const KINDS: [string, string | undefined, () => Promise<Broker>][] = [
  ["sqlite", undefined, async () => FILE],
  ["redis", redisMissing, () => redisServer({ aof: true })],
  ["nats", natsMissing, () => natsServer()],
];

/** A server, a fleet of its clients, and a queue; any of them may die. */
class Place implements AsyncDisposable {
  readonly folder: TempFolder;
  readonly broker: Broker;
  readonly #port: number;
  server: RunningDing;
  fleet: StartedFleet | undefined;
  readonly kills: Record<string, number> = {};
  /** When the broker was killed, since 1970. */
  readonly brokerDeathsMs: number[] = [];

  private constructor(folder: TempFolder, broker: Broker, port: number) {
    this.folder = folder;
    this.broker = broker;
    this.#port = port;
    this.server = this.#startServer();
  }

  static async start(broker: Broker): Promise<Place> {
    const place = new Place(await tempFolder(), broker, await freePort());
    await place.server.ready(30_000);
    return place;
  }

  get notes(): string {
    return this.folder.file("notes");
  }

  async startFleet(): Promise<void> {
    const server = `127.0.0.1:${this.#port}`;
    const args = ["--plugin", unitFixture("asking.ts"), "--queue", this.broker.url];
    const own = ["--num-client", `${UNITS}`, "--workers", "2", "--remote-servers", server];
    const fast = ["--lease-ms", `${LEASE_MS}`, "--retry-ms", "50", "--log-level", "error"];
    this.fleet = await startDecentral([...args, ...own, ...fast], { cwd: this.folder.path });
  }

  /** Runs a command about the queue. */
  ask<T>(...words: string[]): Promise<T> {
    return decentral<T>([...words, "--queue", this.broker.url], { cwd: this.folder.path });
  }

  async dead(): Promise<number> {
    return (await this.ask<{ dead: number }>("queue", "stats")).dead;
  }

  async trouble(what: (typeof TROUBLES)[number], chance: Chance): Promise<void> {
    this.kills[what] = (this.kills[what] ?? 0) + 1;
    if (what === "worker" && this.fleet) {
      const { fleet } = this;
      // Those that were killed a moment ago may all be on their way back, and a poisoned one be on its way out.
      await until(
        async () => {
          const { workers } = await statusOf(fleet);
          return workers.length > 0 && signalIfThere(chance.pick(workers).pid, "SIGKILL");
        },
        { what: "a worker", timeoutMs: 30_000 },
      );
    } else if (what === "fleet") {
      this.fleet?.kill();
      await this.fleet?.waitForExit();
      await this.startFleet();
    } else if (what === "broker") {
      await this.broker.kill();
      this.brokerDeathsMs.push(Date.now());
      await this.broker.start();
    } else if (what === "server") {
      this.server.kill();
      await this.server.waitForExit();
      await this.server[Symbol.asyncDispose]();
      this.server = this.#startServer();
      await this.server.ready(30_000);
    }
  }

  /** NATS forgets in a kill -9 what it has delivered, and what was acknowledged, in the last moment before. */
  mayForget(first: Note, second: Note): boolean {
    const from = (first.atMs ?? 0) - LEASE_MS;
    const to = second.atMs ?? 0;
    const isNats = this.broker.url.startsWith("nats:");
    return isNats && this.brokerDeathsMs.some((diedMs) => from < diedMs && diedMs < to);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet?.[Symbol.asyncDispose]();
    await this.server[Symbol.asyncDispose]();
    await this.broker[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }

  #startServer(): RunningDing {
    const words = ["serve", modelFixture("jobs.ts"), "--port", `${this.#port}`, "--json"];
    return spawnDing([...words, "--workers", "1"], { runtime: "binary" });
  }
}

for (const [kind, missing, startBroker] of KINDS) {
  testNeeding(missing)(
    `${kind}: whatever is killed under 10,000 jobs, each is done, or dead with its reasons`,
    async () => {
      const seed = chaosSeed();
      const chance = new Chance(seed);
      await using place = await Place.start(await startBroker());
      const to = place.notes;
      const file = await place.folder.write(
        "jobs.jsonl",
        jobLines(JOBS, (n) => ({ to, n, ...(POISON.includes(n) && { kill: true }) })),
      );
      await place.ask("push", file, "--key-field", "n");
      await place.startFleet();
      const doneNumbers = (): Set<number> => new Set(notesIn(to).map(({ n }) => n));
      let done = 0;
      for (let kills = 0; kills < 10 && done < JOBS * 0.9; kills++) {
        const next = done + chance.integer(200, 800);
        await until(() => (done = doneNumbers().size) >= next, {
          what: "jobs",
          timeoutMs: 60_000,
          everyMs: 50,
        });
        await place.trouble(chance.pick(TROUBLES), chance);
      }
      await until(async () => doneNumbers().size === JOBS - 2 && (await place.dead()) === 2, {
        what: () => `the last of ${doneNumbers().size} jobs`,
        timeoutMs: 90_000,
        everyMs: 200,
      });
      const notes = notesIn(to);
      const again = notes.length - doneNumbers().size;
      const facts = JSON.stringify({ ...place.kills, again });
      console.error(`  decentral, ${kind}: CHAOS_SEED=${seed} ${facts}`);
      // What runs twice has the same key, and its second run knows that it is one.
      for (const [n, runs = []] of Object.entries(Object.groupBy(notes, (note) => `${note.n}`))) {
        expect(new Set(runs.map(({ key }) => key))).toEqual(new Set([n]));
        for (const [at, run] of runs.entries()) {
          const same = runs.slice(0, at).filter(({ attempt }) => attempt === run.attempt);
          expect(same.filter((first) => !place.mayForget(first, run))).toEqual([]);
        }
      }
      // Every death may bring two jobs of a unit again; the poison kills, too.
      const deaths = Object.values(place.kills).reduce((sum, count) => sum + count, 0);
      expect(again).toBeLessThanOrEqual((deaths + POISON.length * 5) * UNITS * 2);
      await decentral(["terminate", "--port", `${place.fleet?.port}`]);
      expect(await place.fleet?.waitForExit()).toMatchObject({ code: 0 });
    },
    240_000,
  );
}
