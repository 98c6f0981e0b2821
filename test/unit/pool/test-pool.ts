import type { DingError, ErrorRecord } from "../../../src/core/errors.ts";
import type { PoolTask } from "../../../src/pool/assignment.ts";
import type { PoolOptions } from "../../../src/pool/pool-options.ts";
import { Pool } from "../../../src/pool/pool.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { recordLog } from "../../support/interaction.ts";
import { FakeWorker } from "./fake-worker.ts";

/** A pool of pretended workers, and all of them that ever were. */
export class TestPool {
  readonly clock = new FakeClock();
  readonly workers: FakeWorker[] = [];
  readonly log = recordLog();
  readonly broken: DingError[] = [];
  readonly pool: Pool;
  /** Workers answer their set-up at once, unless a test wants to do it. */
  isSetUpByHand = false;

  constructor(options: Partial<PoolOptions> = {}) {
    this.pool = new Pool({
      size: 2,
      spawn: (id) => {
        const worker = new FakeWorker(id, this.clock);
        this.workers.push(worker);
        return worker.asChild;
      },
      setUp: async (peer) => {
        const asked = peer.request("set-up", null);
        if (!this.isSetUpByHand) void this.answerSetUps();
        await asked;
      },
      setUpTimeoutMs: 5_000,
      mostAhead: 0,
      maxTasksPerWorker: 0,
      cancelGraceMs: 100,
      restart: { minMs: 50, maxMs: 1_000, jitter: 0, mostFailedStarts: 3, steadyMs: 10_000 },
      clock: this.clock,
      log: this.log,
      onBroken: (error) => this.broken.push(error),
      ...options,
    });
  }

  async start(): Promise<this> {
    const started = this.pool.start();
    await this.clock.play(1);
    await started;
    return this;
  }

  async answerSetUps(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) {
      for (const worker of this.workers) worker.call("set-up")?.reply();
      await Promise.resolve();
    }
  }

  /** Hands out a task; `ends` hears how it ended. */
  run(changes: Partial<PoolTask> = {}): { cancel: () => void; ends: string[] } {
    const ends: string[] = [];
    const cancel = this.pool.run({
      method: "task",
      meta: null,
      body: undefined,
      timeoutMs: 0,
      reply: () => ends.push("reply"),
      fail: ({ code, message }: ErrorRecord) => ends.push(`${code}: ${message}`),
      event() {},
      ...changes,
    });
    return { cancel, ends };
  }

  /** The workers that are alive, by name. */
  alive(): string[] {
    return this.workers.filter(({ killed }) => !killed).map(({ id }) => id);
  }

  /** Moves the clock, and lets go by the turns in which the pool looks for what has arrived before it judges. */
  async play(ms: number): Promise<void> {
    await this.clock.play(ms);
    for (let turn = 0; turn < 3; turn++) await this.settle();
  }

  settle(): Promise<void> {
    return this.clock.play(0);
  }
}
