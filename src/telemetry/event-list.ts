/** Something that happened and that an operator would want to know. */
export interface NotedEvent {
  /** Milliseconds since 1970. */
  atMs: number;
  level: "info" | "warn" | "error";
  text: string;
}

/** The last things that happened, the newest first. */
export class EventList {
  readonly #events: NotedEvent[] = [];
  readonly #most: number;

  constructor(most: number = 100) {
    this.#most = most;
  }

  add(level: NotedEvent["level"], text: string, atMs: number = Date.now()): void {
    this.#events.unshift({ atMs, level, text });
    if (this.#events.length > this.#most) this.#events.pop();
  }

  list(): readonly NotedEvent[] {
    return this.#events;
  }
}
