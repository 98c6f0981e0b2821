import { resolve } from "node:path";
import type { Clock } from "../core/clock.ts";
import { DingError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { CoordinatorSettings, RunSettings } from "./config/run-schema.ts";
import type { CoordinatorOptions } from "./coordinator-options.ts";
import type { CoordinatorState } from "./coordinator.ts";
import { LocalWorkers } from "./local/local-workers.ts";
import { OperatorClient, replicasOf } from "./operator/operator-client.ts";
import { OperatorSync } from "./operator/operator-sync.ts";
import { placeOf, Replicas } from "./operator/replicas.ts";
import type { AddRequest } from "./options.ts";
import { WORKER_ROLES, type WorkerRole } from "./plugin/worker-verbs.ts";
import type { Tally } from "./run/tally.ts";
import type { WorkerFacts } from "./status.ts";
import type { Roster, WorkerPlace } from "./workers/roster.ts";
import type { Worker } from "./workers/worker.ts";

/** What the workers of a run come from. */
export interface CrewOptions {
  options: CoordinatorOptions;
  settings: RunSettings;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
  onFault: (error: DingError) => void;
  roster: Roster;
  tally: Tally;
}

const AWAITED_MS = 120_000;

/** Where workers come from: the configuration, this machine, an operator's server, whoever asks. */
export class Crew implements AsyncDisposable {
  readonly #options: CrewOptions;
  readonly replicas: Replicas;
  readonly #operator: OperatorClient | undefined;
  readonly #known = new Set<Worker>();
  #local: LocalWorkers | undefined;
  #following: Promise<void> | undefined;
  /** Until when the operator's workers are waited for. */
  #awaitedUntil = 0;
  #timer: Disposable | undefined;

  constructor(options: CrewOptions) {
    this.#options = options;
    const { operatorServer } = options.settings.system.coordinator;
    const operator = operatorServer && new OperatorClient(operatorServer);
    this.#operator = operator;
    this.replicas = new Replicas({
      roster: options.roster,
      local: () => this.#local,
      order: operator && ((wish) => operator.add(replicasOf(wish))),
    });
  }

  /** Workers that were added by address, to be saved. */
  get added(): CoordinatorState["workers"] {
    return this.#options.roster.places
      .filter(({ origin }) => origin === "added")
      .map(({ id, host, port, role }) => ({ id, host, port, role }));
  }

  /** Those that were added before a restart. */
  restore(workers: CoordinatorState["workers"]): void {
    for (const { role, ...place } of workers) {
      const known = WORKER_ROLES.find((one) => one === role);
      this.#options.roster.keep({ ...place, role: known, origin: "added" });
    }
  }

  /** Dials the configured ones, starts the local ones, orders those of the operator. */
  begin(address: string, look: () => void): void {
    const { options, settings, roster, log, clock, onFault } = this.#options;
    const { main } = settings;
    const at = (plugin: string | undefined): string | undefined =>
      plugin === undefined ? undefined : resolve(options.folder ?? ".", plugin);
    this.#local = new LocalWorkers({
      plugins: {
        collector: at(main.collector.plugin),
        learner: at(main.learner.plugin),
        evaluator: at(main.evaluator?.plugin),
      },
      join: address.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:"),
      channel: options.channel ?? 0,
      token: options.token,
      flags: options.localFlags ?? [],
      logLevel: options.logLevel ?? "info",
      output: options.workerOutput,
      clock,
      log,
      signal: this.#options.signal,
      // Its name is free for the next one at once.
      onEnded: (name) => {
        const worker = roster.get(name);
        if (worker) roster.distrust(worker, "its process has ended");
      },
      onBroken: onFault,
    });
    for (const place of configuredPlaces(settings.system.coordinator)) roster.keep(place);
    const { local = 0 } = options;
    if (local > 0) this.#startLocal(this.#local, local);
    if (this.#operator) {
      this.#awaitedUntil = clock.now() + AWAITED_MS;
      this.#timer = clock.after(AWAITED_MS, look);
    }
    this.#following = this.#follow().catch((thrown: unknown) => onFault(DingError.from(thrown)));
  }

  /** Are fewer there than the run is to begin with? Then they are waited for, two minutes at most. */
  get isAwaited(): boolean {
    const { settings, roster, clock } = this.#options;
    const { operatorServer } = settings.system.coordinator;
    if (!operatorServer || clock.now() >= this.#awaitedUntil) return false;
    const { collectors, learners } = roster.counts;
    const { collectorTargetNum, learnerTargetNum } = operatorServer;
    if (collectors < collectorTargetNum || learners < learnerTargetNum) return true;
    this.#awaitedUntil = 0;
    return false;
  }

  /** A worker by address, or more of them on this machine; returns their names. */
  add(request: AddRequest): string[] {
    const { roster } = this.#options;
    if ("address" in request) {
      const { address, role, id = address } = request;
      roster.keep({ ...placeOf(address, role), id, origin: "added" });
      return [id];
    }
    return Array.from({ length: request.local }, () => this.#localNow.add(request.role));
  }

  /** Workers may have come. */
  look(): void {
    const { roster, tally } = this.#options;
    for (const worker of roster.workers) {
      if (worker.state === "joining" || this.#known.has(worker)) continue;
      this.#known.add(worker);
      tally.joined(worker.id, worker);
      this.#local?.joined(worker.id);
    }
  }

  /** A worker is gone; one that was let go of is not started again. */
  gone(worker: Worker): void {
    this.#known.delete(worker);
    if (worker.isLeaving) this.#local?.remove(worker.id);
  }

  /** All that are there, as others see them. */
  facts(): WorkerFacts[] {
    const { roster, tally } = this.#options;
    return roster.workers.map((worker) => {
      const { id, role, state, origin, pid, taskId, policyVersion, resources, connection } = worker;
      const { cpu = 0, gpu = 0, labels = [] } = resources;
      const envSteps = tally.workers.get(id)?.envSteps ?? 0;
      const { address } = connection;
      return {
        id,
        role,
        state,
        origin,
        pid,
        address,
        taskId,
        envSteps,
        policyVersion,
        cpu,
        gpu,
        labels,
      };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    await this.#local?.[Symbol.asyncDispose]();
    await this.#following?.catch(() => {});
    this.#operator?.[Symbol.dispose]();
  }

  #startLocal(local: LocalWorkers, collectors: number): void {
    const roles: WorkerRole[] = ["learner"];
    if (this.#options.settings.main.evaluator) roles.push("evaluator");
    for (const role of roles) local.add(role);
    for (let one = 0; one < collectors; one++) local.add("collector");
  }

  async #follow(): Promise<void> {
    const { settings, log, signal } = this.#options;
    const { operatorServer } = settings.system.coordinator;
    if (!operatorServer || !this.#operator) return;
    const sync = new OperatorSync({
      ...this.#options,
      settings: operatorServer,
      client: this.#operator,
    });
    try {
      await sync.order();
    } catch (thrown) {
      if (signal.aborted) return;
      throw new DingError("network.unreachable", `Cannot order workers: ${messageOf(thrown)}`, {
        hint: "Look at system.coordinator.operatorServer.",
        cause: thrown,
      });
    }
    log.info(`follows the operator at ${operatorServer.systemAddr}`);
    await sync.follow();
  }

  get #localNow(): LocalWorkers {
    if (this.#local) return this.#local;
    throw new DingError("service.stopping", "Cannot start workers: the run has not begun");
  }
}

/** The workers that the configuration names; where two roles use one name, it is said which is which. */
function configuredPlaces(settings: CoordinatorSettings): WorkerPlace[] {
  const named = WORKER_ROLES.flatMap((role) =>
    Object.values(settings[role]).map(([id, host, port]) => ({ id, host, port, role })),
  );
  return named.map((place) => {
    const isShared = named.some(({ id, role }) => id === place.id && role !== place.role);
    const id = isShared ? `${place.role}-${place.id}` : place.id;
    return { ...place, id, origin: "configured" };
  });
}
