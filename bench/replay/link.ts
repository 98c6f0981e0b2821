import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../src/core/clock.ts";
import { silentLogger } from "../../src/core/log.ts";
import { ReplayDesk } from "../../src/coordinator/replay-link/replay-desk.ts";
import { WeightDesk } from "../../src/coordinator/weights/weight-desk.ts";
import { WeightStore } from "../../src/coordinator/weights/weight-store.ts";
import { WorkerGate } from "../../src/coordinator/worker-link/worker-gate.ts";
import { WORKER_PATH } from "../../src/coordinator/worker-link/worker-link.ts";
import { createApp } from "../../src/http/app.ts";
import { type ListeningApp, listenHttp } from "../../src/http/listen.ts";
import { acceptLink } from "../../src/link/websocket.ts";
import { Replay } from "../../src/replay/replay.ts";
import type { Schema } from "../../src/replay/store/schema.ts";
import { Processes } from "../support/processes.ts";
import { median } from "../support/rounds.ts";
import { type Row, valueRow } from "../support/row.ts";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));
const SECONDS = 4;
const COLLECTORS = 4;
const WEIGHT_BYTES = 10_000_000;
const PUBLICATIONS = 7;

const COLUMN = { dtype: "float32", shape: [4] } as const;
const TRANSITION: Schema = { obs: COLUMN, next: COLUMN };
const FRAME: Schema = { frame: { dtype: "uint8", shape: [84, 84, 4] } };
const FRAME_BYTES = 84 * 84 * 4;
const FRAMES = 8_192;

/** What a worker's process says at its end. */
interface Said {
  perSecond: number;
}

/** A port for the links of workers; each worker has a desk over the same buffer and weights. */
class Hub implements AsyncDisposable {
  readonly store: WeightStore;
  readonly #replay: Replay;
  readonly #gate = new WorkerGate({ clock: systemClock, log: silentLogger });
  readonly #listening: ListeningApp;

  private constructor(store: WeightStore, listening: ListeningApp, replay: Replay) {
    this.store = store;
    this.#listening = listening;
    this.#replay = replay;
  }

  static async open(schema: Schema = TRANSITION, maxSize = 1_000_000): Promise<Hub> {
    const replay = new Replay({ schema, tables: [{ name: "t", maxSize }] });
    const folder = mkdtempSync(join(tmpdir(), "ding-bench-"));
    const store = await WeightStore.open({ log: silentLogger, folder });
    const health = { isLive: () => true, isReady: () => true };
    let hub: Hub | undefined;
    const listening = await listenHttp(createApp({ health }), {
      token: undefined,
      host: "127.0.0.1",
      port: 0,
      sockets: {
        [WORKER_PATH]: (request, info) => acceptLink(request, info, (link) => hub?.accept(link)),
      },
    });
    hub = new Hub(store, listening, replay);
    return hub;
  }

  accept(link: Parameters<WorkerGate["accept"]>[0]): void {
    this.#gate.accept(link);
  }

  /** URL and ticket for one worker. */
  place(): string[] {
    const replay = new ReplayDesk({ replay: this.#replay, newestVersion: () => 0 });
    const weights = new WeightDesk({ store: this.store, policyId: "p", isLearner: true });
    const ticket = this.#gate.issue({
      answer: (call) => void (replay.answer(call) || weights.answer(call)),
      opened: (port) => weights.opened(port),
    });
    return [`ws://${this.#listening.address}${WORKER_PATH}`, ticket];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#gate[Symbol.dispose]();
    this.#replay.close();
    await this.#listening[Symbol.asyncDispose]();
    const folder = this.store.place?.root;
    await this.store[Symbol.asyncDispose]();
    if (folder !== undefined) rmSync(folder, { recursive: true });
  }
}

/** The buffer over links between processes: one inserts, one samples, at once. */
export async function* link(): AsyncGenerator<Row> {
  await using hub = await Hub.open();
  await using processes = new Processes();
  const roles = ["insert", "sample"];
  const said = await Promise.all(
    roles.map(async (role) => {
      const started = await processes.start(process.execPath, [
        WORKER,
        role,
        ...hub.place(),
        String(SECONDS),
      ]);
      return (JSON.parse(started.line) as Said).perSecond;
    }),
  );
  for (const [at, role] of roles.entries()) {
    const id = `transitions through a link, ${role}, both at once`;
    yield valueRow({ id, unit: "/s", bound: 1_500_000 }, said[at] ?? 0);
  }
}

/** Frames of pictures over a link, as a collector inserts them. */
export async function* frames(): AsyncGenerator<Row> {
  await using hub = await Hub.open(FRAME, FRAMES);
  await using processes = new Processes();
  const args = [WORKER, "frames", ...hub.place(), String(SECONDS)];
  const { line } = await processes.start(process.execPath, args);
  const { perSecond } = JSON.parse(line) as Said;
  const id = "frames of 84×84×4 through a link, insert";
  yield valueRow({ id, unit: "GB/s" }, (perSecond * FRAME_BYTES) / 1e9);
}

/** From the call of publish until the last of four processes has the weights, checked. */
export async function* weights(): AsyncGenerator<Row> {
  await using hub = await Hub.open();
  await using processes = new Processes();
  const collectors = await Promise.all(
    Array.from({ length: COLLECTORS }, async () => {
      const started = await processes.start(process.execPath, [WORKER, "weights", ...hub.place()]);
      const lines: string[] = [];
      started.child.stdout?.on("data", (text: Buffer) =>
        lines.push(...text.toString().trim().split("\n")),
      );
      return lines;
    }),
  );
  const learner = await processes.start(process.execPath, [
    WORKER,
    "publish",
    ...hub.place(),
    String(WEIGHT_BYTES),
    String(PUBLICATIONS),
  ]);
  const begun = (JSON.parse(learner.line) as { begun: number[] }).begun;
  const took: number[] = [];
  for (const [at, from] of begun.entries()) {
    const arrivals = collectors.map((lines) => {
      const line = lines.map((text) => JSON.parse(text) as { version: number; at: number });
      return line.find(({ version }) => version === at + 1)?.at ?? Infinity;
    });
    took.push(Math.max(...arrivals) - from);
  }
  const id = `10 MB of weights, from publish to ${COLLECTORS} processes`;
  yield valueRow({ id, unit: "ms", bound: 100 }, median(took.slice(1)));
}
