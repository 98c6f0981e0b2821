import type { EventList } from "../../telemetry/event-list.ts";
import type { FleetFacts } from "../status.ts";

/** Tells what has changed from one look at the fleet to the next: readiness, servers, processes, units that wait. */
export class FleetChanges {
  readonly #events: EventList;
  #state = "";
  #workers = new Map<number, string>();
  #waiting = new Map<string, string>();
  #queueError: string | null = null;

  constructor(events: EventList) {
    this.#events = events;
  }

  look(facts: FleetFacts): void {
    this.#lookAtState(facts);
    this.#lookAtWorkers(facts);
    this.#lookAtWaiting(facts);
    const error = facts.queue?.error ?? null;
    if (error === this.#queueError) return;
    this.#queueError = error;
    if (error === null) this.#events.add("info", "The queue is back");
    else this.#events.add("error", `The queue cannot be asked: ${error}`);
  }

  #lookAtState({ ready, mode, reason }: FleetFacts): void {
    const state = ready ? "ready" : mode;
    if (state === this.#state) return;
    this.#state = state;
    if (ready) this.#events.add("info", "Units take jobs");
    else this.#events.add("warn", reason ?? "Units take no jobs");
  }

  #lookAtWorkers({ workers }: FleetFacts): void {
    const now = new Map(workers.map(({ id, pid }) => [pid, `Worker ${id} (process ${pid})`]));
    for (const [pid, name] of this.#workers) {
      if (!now.has(pid)) this.#events.add("warn", `${name} has ended`);
    }
    for (const [pid, name] of now) {
      if (!this.#workers.has(pid)) this.#events.add("info", `${name} has begun`);
    }
    this.#workers = now;
  }

  /** A group says so once, not each of its units. */
  #lookAtWaiting({ units }: FleetFacts): void {
    const now = new Map<string, string>();
    for (const { place, record } of units) {
      if (record.state === "waiting") now.set(place.group, record.error ?? "");
    }
    for (const [group, reason] of now) {
      if (!this.#waiting.has(group)) this.#events.add("warn", `Units of ${group} wait: ${reason}`);
    }
    for (const group of this.#waiting.keys()) {
      if (!now.has(group)) this.#events.add("info", `Units of ${group} wait no more`);
    }
    this.#waiting = now;
  }
}
