import type { Clock } from "../../core/clock.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { abortable, delay } from "../../core/wait.ts";
import type { OperatorSettings } from "../config/run-schema.ts";
import type { Roster } from "../workers/roster.ts";
import type { OperatorClient } from "./operator-client.ts";
import { REPLICA_ROLES, type ReplicaKind, type ReplicaList } from "./replica-words.ts";
import { placeOf, podOf } from "./replicas.ts";

/** What keeping in step with an operator's server needs. */
export interface OperatorSyncOptions {
  settings: OperatorSettings;
  client: OperatorClient;
  roster: Roster;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

const ORDER_EVERY_MS = 2_000;
const ORDER_FOR_MS = 120_000;
/** A worker that is listed and cannot be reached for so long has failed. */
const UNREACHED_MS = 120_000;

/** Keeps the workers of a run those that an operator's server lists: dials new ones, lets go of those that vanish, reports those that fail. */
export class OperatorSync {
  readonly #options: OperatorSyncOptions;
  /** What the server listed last, and since when it cannot be reached. */
  readonly #listed = new Map<string, { kind: ReplicaKind; since: number }>();
  readonly #told = new Set<string>();

  constructor(options: OperatorSyncOptions) {
    this.#options = options;
  }

  /** Orders what the run begins with; rejects when the server cannot be asked for two minutes. */
  async order(): Promise<void> {
    const { settings, client, clock, signal, log } = this.#options;
    const { initReplicasRequest } = settings;
    if (!initReplicasRequest) return;
    const deadline = clock.now() + ORDER_FOR_MS;
    for (;;) {
      try {
        const { collectors, learners } = initReplicasRequest;
        return await client.add({
          ...(collectors && { collectors }),
          ...(learners && { learners }),
        });
      } catch (thrown) {
        if (clock.now() > deadline) throw thrown;
        log.warn(`cannot order workers of the operator: ${messageOf(thrown)}`);
      }
      await delay(ORDER_EVERY_MS, signal);
    }
  }

  /** Keeps in step until the signal aborts. What the server does not answer is told once, and asked again. */
  async follow(): Promise<void> {
    const { settings, client, signal, log } = this.#options;
    let lastProblem = "";
    while (!signal.aborted) {
      try {
        await this.#report();
        this.#apply(await abortable(client.list(), signal));
        lastProblem = "";
      } catch (thrown) {
        if (signal.aborted) return;
        const problem = messageOf(thrown);
        if (problem !== lastProblem) log.warn(`cannot ask the operator: ${problem}`);
        lastProblem = problem;
      }
      await delay(settings.syncInterval * 1_000, signal).catch(() => {});
    }
  }

  #apply(list: ReplicaList): void {
    const { roster, clock, log } = this.#options;
    const there = new Set([...list.collectors, ...list.learners]);
    for (const name of this.#listed.keys()) {
      if (there.has(name)) continue;
      this.#listed.delete(name);
      this.#told.delete(name);
      roster.remove(name);
    }
    for (const kind of ["collectors", "learners"] as const) {
      for (const name of list[kind]) {
        const listed = this.#listed.get(name);
        if (listed) {
          if (roster.get(name)) listed.since = clock.now();
          continue;
        }
        try {
          roster.keep(placeOf(name, REPLICA_ROLES[kind]));
          this.#listed.set(name, { kind, since: clock.now() });
        } catch (thrown) {
          log.warn(`the operator lists what cannot be dialled: ${messageOf(thrown)}`);
        }
      }
    }
  }

  /** Those that are listed and cannot be reached; each is told of once. */
  async #report(): Promise<void> {
    const { client, clock } = this.#options;
    const names: ReplicaList = { collectors: [], learners: [] };
    const fresh: string[] = [];
    for (const [name, { kind, since }] of this.#listed) {
      if (clock.now() - since < UNREACHED_MS || this.#told.has(name)) continue;
      names[kind].push(podOf(name));
      fresh.push(name);
    }
    if (fresh.length === 0) return;
    try {
      await client.failed(names);
    } catch (thrown) {
      // The newer API does not know it.
      if (!(thrown instanceof DingError) || thrown.details["status"] !== 404) throw thrown;
    }
    for (const name of fresh) this.#told.add(name);
  }
}
