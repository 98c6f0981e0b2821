import { join } from "node:path";
import type { Clock } from "../core/clock.ts";
import type { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { ListeningApp } from "../http/listen.ts";
import { Master } from "../master/master.ts";
import { Random } from "../replay/random.ts";
import { openCommander } from "./commander/open-commander.ts";
import type { RunSettings } from "./config/run-schema.ts";
import type { CoordinatorOptions } from "./coordinator-options.ts";
import type { CoordinatorState } from "./coordinator.ts";
import { Crew } from "./crew.ts";
import { Doors } from "./doors.ts";
import { CoordinatorPage } from "./page/coordinator-page.ts";
import { Buffers } from "./run/buffers.ts";
import { Dealings } from "./run/dealings.ts";
import { Dispatcher } from "./run/dispatcher.ts";
import { KeptPolicies } from "./run/kept-policies.ts";
import { Run } from "./run/run.ts";
import { startInfo } from "./run/start-info.ts";
import { Tally } from "./run/tally.ts";
import { openWorkerDesk } from "./run/worker-desk.ts";
import { loadSnapshot, Snapshots, WEIGHTS_FOLDER } from "./snapshot/snapshots.ts";
import { openStateFolder } from "./snapshot/state-folder.ts";
import type { CoordinatorFacts } from "./status.ts";
import { TaskBoard } from "./tasks/task-board.ts";
import { PolicyLag } from "./weights/policy-lag.ts";
import { WeightStore } from "./weights/weight-store.ts";
import { WorkerGate } from "./worker-link/worker-gate.ts";
import { Roster } from "./workers/roster.ts";

/** What a coordinator is put together from. */
export interface AssemblyOptions {
  options: CoordinatorOptions & { host: string; port: number; snapshotDir: string };
  settings: RunSettings;
  boot: string;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  facts: () => CoordinatorFacts;
  status: () => Record<string, unknown>;
  stop: () => void;
  error: (text: string) => void;
  onListening: (listening: ListeningApp) => void;
  onReached: () => void;
  onFault: (error: DingError) => void;
}

/** The parts of a running coordinator. */
export interface Assembly {
  run: Run;
  roster: Roster;
  dispatcher: Dispatcher;
  dealings: Dealings;
  buffers: Buffers;
  weights: WeightStore;
  snapshots: Snapshots;
  /** Everything but the buffers. */
  state: () => Omit<CoordinatorState, "buffers">;
  loadState: (state: Omit<CoordinatorState, "buffers">) => void;
  facts: (now: number) => Omit<CoordinatorFacts, "state" | "reached" | "uptimeMs">;
  /** Workers are dialled and started, tasks are made and given out. */
  begin: () => void;
}

const MASTER_CLOSE_MS = 2_000;
const MOST_FAILURES = 3;
const BACKOFF = { minMs: 100, maxMs: 10_000, jitter: 0.3 };

/** Opens all that a coordinator needs; whatever is open is released with `resources`, in reverse. */
export async function assemble(
  resources: AsyncDisposableStack,
  given: AssemblyOptions,
): Promise<Assembly> {
  const { options, settings, clock, log } = given;
  const { main } = settings;
  const { coordinator: patience } = settings.system;
  const { snapshotDir, resume = false, token } = options;
  const seed = options.seed ?? main.seed ?? 0;
  const random = new Random(seed);
  const commander = await openCommander(settings, { folder: options.folder ?? ".", seed });
  const begun = await openStateFolder(resources, { folder: snapshotDir, resume, log });
  const folder = join(snapshotDir, WEIGHTS_FOLDER);
  const weights = resources.use(await WeightStore.open({ folder, keep: main.weights.keep, log }));
  const replayOptions = { ...main.replay, schema: main.replay.schema, seed, clock };
  const buffers = resources.use(
    new Buffers(replayOptions as ConstructorParameters<typeof Buffers>[0]),
  );
  const tally = new Tally(clock.now());
  const lag = new PolicyLag(main.weights);
  const queueMs = {
    collector: patience.collectorTaskTimeout * 1_000,
    evaluator: patience.collectorTaskTimeout * 1_000,
    learner: patience.learnerTaskTimeout * 1_000,
  };
  const board = new TaskBoard({
    leaseMs: patience.leaseTimeout * 1_000,
    queueMs,
    maxAttempts: patience.maxAttempts,
    backoff: BACKOFF,
    random: () => random.next(),
  });
  const kept = new KeptPolicies({ weights, board, log });
  const run: Run = new Run({
    commander,
    board,
    buffers,
    tally,
    clock,
    onFault: given.onFault,
    onReached: given.onReached,
    onClosed: (bufferId) => {
      for (const one of dispatcher.runs) {
        if (one.order.bufferId === bufferId) dispatcher.finish(one.task.id);
      }
    },
    onCopy: (copy) => kept.copy(copy),
    onRetired: (policyId) => kept.retire(policyId),
  });
  const toleranceMs = patience.toleranceTimeout * 1_000;
  const page = resources.use(new CoordinatorPage({ ...given }));
  const gate = resources.use(new WorkerGate({ clock, log, toleranceMs }));
  const master = new Master({
    channel: options.channel ?? 0,
    token,
    log,
    clock,
    toleranceMs,
    heartbeatMs: Math.min(3_000, toleranceMs / 4),
    ...(options.tls && { slaveTls: { ca: options.tls.ca ?? options.tls.cert } }),
  });
  const callTimeoutMs = patience.leaseTimeout * 1_000;
  const roster: Roster = new Roster({
    master,
    clock,
    log,
    callTimeoutMs,
    onChanged: () => {
      crew.look();
      run.onWorkers(roster.counts);
      dispatcher.look();
    },
    onGone: (worker) => {
      dispatcher.onGone(worker);
      crew.gone(worker);
    },
    onDraining: (worker) => dispatcher.onDraining(worker),
  });
  const crew: Crew = new Crew({ ...given, roster, tally });
  const doors = new Doors({
    ...options,
    token,
    tls: options.tls,
    advertise: options.advertise,
    toleranceMs,
    leaseMs: callTimeoutMs,
    master,
    gate,
    roster: () => roster,
    app: {
      ...given,
      token,
      page,
      replicas: crew.replicas,
      add: (request) => crew.add(request),
      drain: (id) => void roster.drain(id),
    },
    log,
  });
  const dealings = new Dealings({ run, board, buffers, tally, error: given.error });
  const desk = { gate, buffers, weights, lag, tally };
  const dispatcher: Dispatcher = new Dispatcher({
    run,
    board,
    roster,
    tally,
    clock,
    log,
    needs: {
      collector: main.collector.needs,
      evaluator: main.evaluator?.needs ?? main.collector.needs,
      learner: main.learner.needs,
    },
    isHeld: () => crew.isAwaited,
    hasEvaluators: main.evaluator !== undefined,
    drainMs: patience.drainTimeout * 1_000,
    mostFailures: Math.max(1, Math.min(MOST_FAILURES, patience.maxAttempts - 1)),
    home: {
      clock,
      callTimeoutMs,
      startInfo: (task) => startInfo(task, settings, seed),
      async openLink(attempt) {
        await kept.settled;
        const touched = (): void => void board.touch(attempt.task.id, attempt.attempt, clock.now());
        const { ticket, close } = openWorkerDesk(attempt, { ...desk, touched });
        try {
          return { target: await doors.target(attempt.worker, ticket), close };
        } catch (thrown) {
          close();
          throw thrown;
        }
      },
      collectorInfo: (attempt, info) =>
        board.isCurrent(attempt.task.id, attempt.attempt) && run.collectorInfo(attempt.task, info),
      learnerInfo: (attempt, info) =>
        board.isCurrent(attempt.task.id, attempt.attempt) && run.learnerInfo(attempt.task, info),
      async sendData(attempt, data) {
        const { bufferId } = attempt.order;
        const { data_id: id } = data;
        const dataId = typeof id === "string" ? id : "";
        await dealings.collectorSendData(attempt.task.id, { bufferId, dataId, data });
      },
      getData: (attempt, demand, signal) => {
        const wanted = { ...demand, bufferId: attempt.order.bufferId };
        return dealings.learnerWaitData(attempt.task.id, wanted, signal);
      },
    },
  });
  const state = (): Omit<CoordinatorState, "buffers"> => ({
    run: run.stateDict(),
    workers: crew.added,
    random: random.stateDict(),
  });
  const loadState = (saved: Omit<CoordinatorState, "buffers">): void => {
    run.loadStateDict(saved.run);
    crew.restore(saved.workers);
    random.loadStateDict(saved.random);
    dispatcher.look();
  };
  const intervalMs = patience.snapshotInterval * 1_000;
  const saving = { folder: snapshotDir, intervalMs, state, buffers, clock, log };
  const snapshots = new Snapshots({ ...saving, onTaken: () => kept.saving() });
  if (resume) {
    const loaded = await loadSnapshot(snapshotDir, buffers);
    loadState(loaded.state as ReturnType<typeof state>);
    const { envSteps } = tally.counters;
    log.info(`goes on from ${snapshotDir}`, { envSteps, items: loaded.items, lost: loaded.lost });
  }
  // From here on somebody may come in: all that they need is there.
  const listening = resources.use(await doors.open());
  given.onListening(listening);
  resources.defer(() => master.close(MASTER_CLOSE_MS));
  await master.start();
  await begun();
  resources.use(roster);
  resources.use(crew);
  resources.use(dispatcher);
  resources.use(snapshots);
  return {
    run,
    roster,
    dispatcher,
    dealings,
    buffers,
    weights,
    snapshots,
    state,
    loadState,
    facts: (now) => ({
      expName: main.expName,
      elapsedMs: tally.elapsedMs(now),
      counters: { ...tally.counters },
      lastReturn: tally.lastReturn,
      evals: tally.evals,
      tasks: board.counts,
      openTasks: board.open,
      workers: crew.facts(),
      tallies: tally.workers,
      slots: { collector: roster.counts.collectors },
      buffers: buffers.stats(),
      policies: weights.stats(),
      lag: lag.stats,
      assignMs: dispatcher.assignMs,
      snapshots: { count: snapshots.count, bytes: snapshots.bytes, lastMs: snapshots.lastMs },
      commander: run.ask("facts", () => commander.facts?.()) ?? {},
      learned: tally.learned,
    }),
    begin() {
      snapshots.begin();
      crew.begin(listening.address, dispatcher.look);
      dispatcher.look();
    },
  };
}
