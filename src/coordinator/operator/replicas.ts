import { DingError } from "../../core/errors.ts";
import { parseAddress } from "../../config/address.ts";
import type { LocalWorkers } from "../local/local-workers.ts";
import type { WorkerRole } from "../plugin/worker-verbs.ts";
import type { Roster } from "../workers/roster.ts";
import type { Worker } from "../workers/worker.ts";
import {
  REPLICA_ROLES,
  type ReplicaKind,
  type ReplicaList,
  type ReplicaWish,
} from "./replica-words.ts";

/** What can be asked of them stands on. */
export interface ReplicasOptions {
  roster: Roster;
  local: () => LocalWorkers | undefined;
  /** An operator's server that starts workers; without it they are started on this machine. */
  order: ((wish: ReplicaWish) => Promise<void>) | undefined;
}

/** Workers as an orchestrator sees them: how many collectors and learners there are, more of them, fewer of them. */
export class Replicas {
  readonly #options: ReplicasOptions;

  constructor(options: ReplicasOptions) {
    this.#options = options;
  }

  /** Those that are there or are being started, without those that are let go of. */
  list(): ReplicaList {
    return { collectors: this.#named("collector"), learners: this.#named("learner") };
  }

  /** Dials those that are named, and has the others started. */
  async add(wish: ReplicaWish): Promise<ReplicaList> {
    const { order, roster } = this.#options;
    const counted: ReplicaWish = {};
    for (const [kind, said] of entriesOf(wish)) {
      if (typeof said === "number") counted[kind] = said;
      else for (const name of said) roster.keep(placeOf(name, REPLICA_ROLES[kind]));
    }
    if (Object.keys(counted).length === 0) return this.list();
    if (order) await order(counted);
    else for (const [kind, count] of entriesOf(counted)) this.#start(kind, Number(count));
    return this.list();
  }

  /** Lets go of those that are named, or of the last that came; each finishes its episode. */
  remove(wish: ReplicaWish): ReplicaList {
    for (const [kind, said] of entriesOf(wish)) {
      const names = typeof said === "number" ? this.#last(REPLICA_ROLES[kind], said) : said;
      for (const name of names) this.removeOne(name);
    }
    return this.list();
  }

  /** By name or address. A local one is not started again. */
  removeOne(name: string): void {
    const { roster } = this.#options;
    const id = this.#find(name)?.id ?? name;
    roster.remove(id);
  }

  /**
   * They are known to be broken, by name, address or pod: what they do is lost, and goes on elsewhere. Those that are
   * kept are dialled again; those that are gone already are passed over.
   */
  failed(wish: ReplicaWish): ReplicaList {
    const { roster } = this.#options;
    for (const [kind, said] of entriesOf(wish)) {
      if (typeof said === "number") {
        throw new DingError("usage.invalid-input", "Cannot tell which failed: send their names");
      }
      for (const name of said) {
        const worker = this.#find(name) ?? this.#ofPod(name, REPLICA_ROLES[kind]);
        if (worker) roster.distrust(worker, "it is said to have failed");
      }
    }
    return this.list();
  }

  #start(kind: ReplicaKind, count: number): void {
    const local = this.#options.local();
    if (!local) throw new DingError("service.stopping", "Cannot start workers: the run has ended");
    for (let one = 0; one < count; one++) local.add(REPLICA_ROLES[kind]);
  }

  #find(name: string): Worker | undefined {
    return this.#options.roster.workers.find(
      ({ id, connection }) => id === name || connection.address === name,
    );
  }

  #ofPod(name: string, role: WorkerRole): Worker | undefined {
    return this.#options.roster.workers.find(
      (worker) => worker.role === role && podOf(addressOf(worker)) === name,
    );
  }

  #named(role: WorkerRole): string[] {
    const { roster, local } = this.#options;
    const workers = roster.workers.filter((one) => one.role === role);
    const starting =
      local()
        ?.namesOf(role)
        .filter((name) => !roster.get(name)) ?? [];
    return [...workers.filter((one) => !one.isLeaving).map(addressOf), ...starting];
  }

  /** Those that rest first, and among them the youngest. */
  #last(role: WorkerRole, count: number): string[] {
    const workers = this.#options.roster.workers.filter(
      (one) => one.role === role && one.state !== "draining",
    );
    const resting = workers.filter(({ isIdle }) => isIdle);
    const busy = workers.filter(({ isIdle }) => !isIdle);
    const last = [...busy, ...resting];
    return last.slice(Math.max(0, last.length - count)).map(({ id }) => id);
  }
}

/** Where it listens; one that has dialled in goes by its name. */
export function addressOf({ id, connection }: Worker): string {
  return connection.port === 0 ? id : connection.address;
}

/** `pod-0.service:22270` is pod-0: what stands before the port, but for its last label. */
export function podOf(address: string): string {
  const [host = address] = address.split(":");
  const labels = host.split(".");
  return labels.length > 1 ? labels.slice(0, -1).join(".") : host;
}

/** A worker that is dialled at an address; that is its name. */
export function placeOf(name: string, role: WorkerRole | undefined) {
  let place: { host: string; port: number | undefined };
  try {
    place = parseAddress(name);
  } catch (thrown) {
    throw new DingError(
      "usage.invalid-input",
      `Cannot dial "${name}": ${(thrown as Error).message}`,
    );
  }
  if (place.port === undefined) {
    throw new DingError("usage.invalid-input", `Cannot dial "${name}": the port is missing`);
  }
  const { host, port } = place;
  return { id: name, host, port, role, origin: "operator" as const };
}

function entriesOf(wish: ReplicaWish): [ReplicaKind, number | readonly string[]][] {
  return (["collectors", "learners"] as const).flatMap((kind) => {
    const said = wish[kind];
    return said === undefined ? [] : [[kind, said]];
  });
}
