import type { EventList } from "../../telemetry/event-list.ts";
import type { ModelState } from "../inference.ts";
import { modelId } from "./model-id.ts";
import type { ServerFacts } from "./server-facts.ts";

interface KnownWorker {
  name: string;
  pid: number;
  state: string;
}

const LEVELS = {
  READY: "info",
  LOADING: "info",
  UNLOADING: "info",
  UNAVAILABLE: "error",
} as const satisfies Record<ModelState, string>;

/** Tells what has changed from one look at the server to the next: models, workers, readiness. */
export class Changes {
  readonly #events: EventList;
  readonly #models = new Map<string, ModelState>();
  #workers = new Map<string, KnownWorker>();
  #isReady = false;

  constructor(events: EventList) {
    this.#events = events;
  }

  look(facts: ServerFacts): void {
    if (facts.ready !== this.#isReady) {
      this.#isReady = facts.ready;
      const why =
        facts.state === "running" ? "a model has no worker" : `the server is ${facts.state}`;
      const text = facts.ready ? "Ready for requests" : `Not ready: ${why}`;
      this.#events.add(facts.ready ? "info" : "warn", text);
    }
    for (const { facts: model } of facts.models) {
      const name = modelId(model);
      const last = this.#models.get(name);
      if (last === model.state) continue;
      this.#models.set(name, model.state);
      if (last === undefined && model.state === "UNAVAILABLE" && model.reason === "not loaded") {
        continue; // it has only been found
      }
      const why = model.reason === "" ? "" : `: ${model.reason}`;
      this.#events.add(LEVELS[model.state], `Model ${name} is ${model.state}${why}`);
    }
    this.#lookAtWorkers(facts);
  }

  #lookAtWorkers(facts: ServerFacts): void {
    const now = new Map<string, KnownWorker>();
    for (const { facts: model, workers } of facts.models) {
      for (const { id, pid, state } of workers) {
        const name = `Worker ${id} of ${modelId(model)}`;
        now.set(`${name}#${pid}`, { name, pid, state });
      }
    }
    for (const [key, { name, pid, state }] of this.#workers) {
      if (now.has(key)) continue;
      const isExpected = state === "draining" || facts.state === "draining";
      this.#events.add(isExpected ? "info" : "warn", `${name} has ended (process ${pid})`);
    }
    for (const [key, { name, pid }] of now) {
      if (!this.#workers.has(key)) this.#events.add("info", `${name} has begun (process ${pid})`);
    }
    this.#workers = now;
  }
}
