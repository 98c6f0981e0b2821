import type { Clock } from "../core/clock.ts";
import { DingError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { within } from "../core/wait.ts";
import type { NamedExport } from "../plugin/named-export.ts";
import { Pool, type WorkerFacts } from "../pool/pool.ts";
import { DEFAULT_RESTART } from "../pool/restart-policy.ts";
import { msgpack } from "../protocol/codec.ts";
import type { Peer } from "../rpc/peer.ts";
import { spawnSelf } from "../runtime/self.ts";
import { placeUnits, type PlacedUnit, type WantedUnit } from "./layout.ts";
import { Seat } from "./seat.ts";
import type { Unit } from "./unit.ts";
import type { UnitKind } from "./unit-plugin.ts";
import { WORKER_METHODS, type WorkerReport, type WorkerSetUp } from "./worker-protocol.ts";

/** Takes a line that a worker printed, and whose it is. */
export type WorkerOutput = (line: string, from: { worker: string }) => void;

/** How the worker processes of a fleet are made. */
export interface CrewOptions {
  readonly module: NamedExport;
  readonly processes: number;
  readonly loadTimeoutMs: number;
  readonly logLevel: string;
  readonly workerOutput: WorkerOutput | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly makeUnit: (place: PlacedUnit) => Unit;
}

/** A model that is put off when its process ends has so long. */
const STOP_GRACE_MS = 2_000;
/** So long a change waits to see whether the models of new units can be made. */
const TRY_MS = 3_000;

/** Worker processes that have loaded the plugin, and the units that sit in them. */
export class Crew implements AsyncDisposable {
  readonly #options: CrewOptions;
  readonly #pool: Pool;
  readonly #units = new Map<string, Unit>();
  readonly #seats = new Map<number, Seat>();
  #processes: number;
  #kind: UnitKind | undefined;
  #isDismissed = false;

  constructor(options: CrewOptions) {
    const { processes, loadTimeoutMs, logLevel, workerOutput, clock, log } = options;
    this.#options = options;
    this.#processes = processes;
    this.#pool = new Pool({
      size: processes,
      mostAhead: 0,
      maxTasksPerWorker: 0,
      cancelGraceMs: 0,
      stopGraceMs: STOP_GRACE_MS,
      spawn: (workerId) =>
        spawnSelf(
          ["_worker", "decentral"],
          { DING_WORKER_ID: workerId, DING_WORKER_LOG_LEVEL: logLevel },
          workerOutput && ((line) => workerOutput(line, { worker: workerId })),
        ),
      setUp: (peer, workerId) => this.#setUp(peer, workerId),
      setUpTimeoutMs: loadTimeoutMs,
      // A plugin that does not load any more may be mended while the fleet waits.
      restart: { ...DEFAULT_RESTART, mostFailedStarts: Infinity },
      clock,
      log,
      onBroken: () => {},
    });
  }

  /** Brings the processes up; rejects when one cannot load the plugin. */
  start(): Promise<void> {
    return this.#pool.start();
  }

  get kind(): UnitKind {
    if (this.#kind) return this.#kind;
    throw new DingError("state.invalid", "Cannot tell the plugin's kind: no worker has loaded it");
  }

  get units(): readonly Unit[] {
    return [...this.#units.values()];
  }

  get workers(): WorkerFacts[] {
    return this.#pool.workers;
  }

  /** How many processes have died and were replaced. */
  get crashes(): number {
    return this.#pool.crashes;
  }

  /** Makes the units that are wanted and not there, and ends those that are there and not wanted. */
  async arrange(
    wanted: readonly WantedUnit[],
    { processes = this.#processes, graceMs }: { processes?: number; graceMs: number },
  ): Promise<void> {
    if (processes > this.#processes) {
      await this.#pool.resize(processes);
      this.#processes = processes;
    }
    const current = new Map(this.units.map(({ place }) => [place.id, place]));
    const placed = placeUnits(wanted, this.#processes, current);
    const stays = new Set<PlacedUnit>(placed);
    const leaving = this.units.filter(({ place }) => !stays.has(place));
    // One that comes in place of another of the same name waits until that has left.
    await Promise.all(leaving.map((unit) => this.#leave(unit, graceMs)));
    await Promise.all(placed.map((place) => this.#join(place)));
    const tried = Promise.all(this.units.map((unit) => unit.tried));
    await within(tried, TRY_MS, "the units").catch(() => {}); // then they are said to be starting
  }

  /** Ends all units, for good. */
  async dismiss(graceMs: number): Promise<void> {
    this.#isDismissed = true;
    await Promise.all(this.units.map((unit) => this.#leave(unit, graceMs)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dismiss(0);
    await this.#pool[Symbol.asyncDispose]();
  }

  async #join(place: PlacedUnit): Promise<void> {
    if (this.#units.has(place.id) || this.#isDismissed) return;
    const unit = this.#options.makeUnit(place);
    this.#units.set(place.id, unit);
    const seat = this.#seats.get(place.worker);
    if (seat) unit.sit(seat);
    await unit.start();
  }

  async #leave(unit: Unit, graceMs: number): Promise<void> {
    await unit.close(graceMs);
    if (this.#units.get(unit.place.id) === unit) this.#units.delete(unit.place.id);
  }

  #kill(workerId: string): void {
    const worker = this.#pool.workers.find(({ id }) => id === workerId);
    if (worker) process.kill(worker.pid, "SIGKILL");
  }

  async #setUp(peer: Peer, workerId: string): Promise<void> {
    const meta: WorkerSetUp = { ...this.#options.module, workerId };
    const body = await peer.request(WORKER_METHODS.SET_UP, meta);
    const { kind } = msgpack.decode(body ?? new Uint8Array()) as WorkerReport;
    this.#kind = kind;
    const worker = Number(workerId.slice(1));
    const seat = new Seat(worker, peer, () => this.#kill(workerId));
    this.#seats.set(worker, seat);
    for (const unit of this.#units.values()) if (unit.place.worker === worker) unit.sit(seat);
  }
}
