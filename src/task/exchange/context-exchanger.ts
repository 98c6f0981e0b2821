import { randomUUID } from "node:crypto";
import type { Middleware } from "../middleware.ts";
import { ROLE, type Role } from "../roles.ts";
import type { OnlineRLContext } from "../rl-contexts.ts";
import type { MainTask } from "../task.ts";
import { Arrivals, checkNumbers, isOfOneGone, type Settled } from "./arrivals.ts";
import { Totals, type Counts } from "./totals.ts";

/** How contexts are exchanged. */
export interface ContextExchangerOptions {
  /** So many steps others than a learner take before they wait for anybody, a collector once; default 1. */
  skipSteps?: number | undefined;
  /** How long they wait then, to go on without; default 60,000. A learner waits as long as it takes. */
  waitMs?: number | undefined;
  /** So many messages may wait for a learner's next step; then their senders wait. Default 64. */
  maxPending?: number | undefined;
}

/** What a node tells of its steps. */
interface Told {
  from: number;
  /** Names one run of the sender. */
  run: string;
  /** Counts its messages from 1. */
  version: number;
  /** All of this run so far: a message that is lost is made up for by the next. */
  counts: Counts;
}

/** What a collector gives to learners. */
interface Collected {
  trajectories: unknown[];
  episodes: unknown[];
  trajectoryEndIdx: number[];
}

const EVENT = "context_exchanger";
const DATA = `${EVENT}_data`;
const ROLES: readonly Role[] = Object.values(ROLE);

/**
 * What the nodes of a training tell each other of their steps, by their roles. A collector gives its trajectories,
 * episodes and counts; a learner its `trainIter`. Before a step, what others have told is put into the context: a
 * learner waits for it. Nothing but the counts goes to nodes that learn nothing. A void middleware for a task that is
 * alone, or has no role.
 */
export function contextExchanger<C extends OnlineRLContext>(
  task: MainTask<C>,
  options: ContextExchangerOptions = {},
): Middleware<C> {
  if (!task.router.isActive || task.roles.size === 0) return task.void();
  const exchange = new ContextExchange(task, options);
  return async function* exchangeContext(ctx: C) {
    await exchange.merge(ctx);
    yield;
    await exchange.tell(ctx);
  };
}

class ContextExchange<C extends OnlineRLContext> {
  readonly #task: MainTask<C>;
  readonly #options: Settled<ContextExchangerOptions>;
  readonly #run = randomUUID();
  readonly #arrivals = new Arrivals();
  readonly #room = new Arrivals();
  readonly #totals = new Totals();
  /** Nodes that want what collectors collect. */
  readonly #learners = new Set<number>();
  #pending: Collected[] = [];
  #trainIter: number | undefined;
  #hasHeard = false;
  #hasEverHeard = false;
  #hadLearners = false;
  #steps = 0;
  #version = 0;
  /** Of this node alone, over all its steps. */
  #own: Counts = { envStep: 0, envEpisode: 0 };
  #before: Counts = { envStep: 0, envEpisode: 0 };

  constructor(task: MainTask<C>, options: ContextExchangerOptions) {
    this.#task = task;
    this.#options = {
      skipSteps: options.skipSteps ?? 1,
      waitMs: options.waitMs ?? 60_000,
      maxPending: options.maxPending ?? 64,
    };
    checkNumbers({ ...this.#options }, { maxPending: 1 });
    for (const role of ROLES.filter((each) => !task.hasRole(each))) {
      task.on(`${EVENT}_${role}`, (told: Told & { trainIter?: number }) => this.#hear(told));
    }
    task.on("peer:leave", ({ nodeId }: { nodeId: number }) => this.#learners.delete(nodeId));
    task.on("peer:crash", ({ nodeId }: { nodeId: number }) => this.#learners.delete(nodeId));
    if (!task.hasRole(ROLE.LEARNER) || task.hasRole(ROLE.COLLECTOR)) return;
    task.on(DATA, (data: Collected) => this.#take(data));
    task.router.notes.set(EVENT, 1);
  }

  async merge(ctx: C): Promise<void> {
    this.#steps += 1;
    if (this.#waitsForOthers) {
      const isLearner = this.#task.hasRole(ROLE.LEARNER);
      const waitMs = isLearner ? Infinity : this.#options.waitMs;
      await this.#arrivals.until(this.#task, () => this.#hasNew, waitMs);
    }
    const { envStep, envEpisode } = this.#totals.take();
    ctx.envStep += envStep;
    ctx.envEpisode += envEpisode;
    if (this.#trainIter !== undefined) ctx.trainIter = this.#trainIter;
    for (const collected of this.#pending.splice(0)) put(ctx, collected);
    this.#hasHeard = false;
    this.#trainIter = undefined;
    this.#room.wake();
    this.#before = { envStep: ctx.envStep, envEpisode: ctx.envEpisode };
  }

  async tell(ctx: C): Promise<void> {
    const { envStep, envEpisode } = this.#before;
    this.#own.envStep += ctx.envStep - envStep;
    this.#own.envEpisode += ctx.envEpisode - envEpisode;
    this.#version += 1;
    const told: Told = {
      from: this.#task.router.nodeId,
      run: this.#run,
      version: this.#version,
      counts: { ...this.#own },
    };
    if (this.#task.hasRole(ROLE.COLLECTOR)) {
      await this.#give(ctx);
      await this.#task.emit(`${EVENT}_${ROLE.COLLECTOR}`, [told], { onlyRemote: true });
    }
    if (this.#task.hasRole(ROLE.LEARNER)) {
      const learned = { ...told, counts: NO_COUNTS, trainIter: ctx.trainIter };
      await this.#task.emit(`${EVENT}_${ROLE.LEARNER}`, [learned], {
        onlyRemote: true,
        retain: true,
      });
    }
  }

  /** A learner always; a collector, for which others wait, until it has heard of one; the rest after their first steps. */
  get #waitsForOthers(): boolean {
    const { COLLECTOR, LEARNER } = ROLE;
    const isCollector = this.#task.hasRole(COLLECTOR);
    if (this.#task.hasRole(LEARNER)) return !isCollector;
    return this.#steps > this.#options.skipSteps && !(isCollector && this.#hasEverHeard);
  }

  get #hasNew(): boolean {
    return this.#hasHeard || this.#pending.length > 0;
  }

  #hear({ run, counts, trainIter }: Told & { trainIter?: number }): void {
    this.#totals.add(run, counts);
    if (trainIter !== undefined) this.#trainIter = trainIter;
    // A learner has nothing to learn from counts alone.
    this.#hasHeard ||= !this.#task.hasRole(ROLE.LEARNER);
    this.#hasEverHeard = true;
    if (this.#hasHeard) this.#arrivals.wake();
  }

  /** While too much waits for a step, the sender waits for its answer. */
  async #take(data: Collected): Promise<void> {
    this.#pending.push(data);
    this.#arrivals.wake();
    const { maxPending } = this.#options;
    if (this.#pending.length < maxPending) return;
    const hasRoom = (): boolean => this.#pending.length < maxPending;
    await this.#room.until(this.#task, hasRoom, Infinity).catch(() => {}); // the task stops
  }

  /** To learners; to all as long as nobody has said that it is one. One that is gone is waited for, for a while. */
  async #give({ trajectories = [], episodes = [], trajectoryEndIdx }: C): Promise<void> {
    const collected: Collected = { trajectories, episodes, trajectoryEndIdx };
    if (!this.#hasLearners() && !this.#hadLearners) {
      return await this.#task.emit(DATA, [collected], { onlyRemote: true });
    }
    this.#hadLearners = true;
    if (!this.#hasLearners()) {
      const news = new Arrivals();
      using _listening = this.#task.router.notes.onChange(() => news.wake());
      await news.until(this.#task, () => this.#hasLearners(), this.#options.waitMs);
    }
    await Promise.all([...this.#learners].map((to) => this.#giveTo(to, collected)));
  }

  #hasLearners(): boolean {
    for (const nodeId of this.#task.router.notes.of(EVENT).keys()) this.#learners.add(nodeId);
    return this.#learners.size > 0;
  }

  /** Resolves when it has room for more, or is gone: then nobody there learns from it. */
  async #giveTo(learner: number, collected: Collected): Promise<void> {
    const { finishing, signal } = this.#task;
    // The last step's is given too; it needs not be waited for when the end comes meanwhile.
    const options = finishing.aborted
      ? { timeoutMs: LAST_MS, signal }
      : { timeoutMs: A_DAY_MS, signal: AbortSignal.any([finishing, signal]) };
    try {
      await this.#task.request(learner, DATA, collected, options);
    } catch (error) {
      signal.throwIfAborted();
      if (finishing.aborted) return;
      if (!isOfOneGone(error)) throw error;
      this.#learners.delete(learner);
    }
  }
}

/** A learner may think for long: its crash ends the wait. */
const A_DAY_MS = 86_400_000;
const LAST_MS = 5_000;
const NO_COUNTS: Counts = { envStep: 0, envEpisode: 0 };

function put(ctx: OnlineRLContext, { trajectories, episodes, trajectoryEndIdx }: Collected): void {
  const before = ctx.trajectories?.length ?? 0;
  ctx.trajectoryEndIdx = [...ctx.trajectoryEndIdx, ...trajectoryEndIdx.map((at) => at + before)];
  if (trajectories.length > 0) ctx.trajectories = [...(ctx.trajectories ?? []), ...trajectories];
  if (episodes.length > 0) ctx.episodes = [...(ctx.episodes ?? []), ...episodes];
}
