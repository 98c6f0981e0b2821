import type { Outgoing, PubSubDriver, PubSubHooks } from "./pubsub-driver.ts";

/** Ends of one process that hear each other, by the name behind `memory:`. */
export class MemoryHub {
  readonly #ends = new Set<MemoryPubSubDriver>();

  add(end: MemoryPubSubDriver): void {
    this.#ends.add(end);
  }

  /** True for the last one. */
  remove(end: MemoryPubSubDriver): boolean {
    this.#ends.delete(end);
    return this.#ends.size === 0;
  }

  tell(batch: readonly Outgoing[]): void {
    for (const { topic, frame } of batch) for (const end of this.#ends) end.hear(topic, frame);
  }
}

/** Who is in one process finds each other by a name: there is no other place to meet. */
const hubs = new Map<string, MemoryHub>();

/** Publish and subscribe within this process: `memory:` or `memory:NAME`. */
export class MemoryPubSubDriver implements PubSubDriver {
  readonly maxFrameBytes = 2 ** 30;
  readonly #name: string;
  readonly #topics = new Set<string>();
  #hooks: PubSubHooks | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  async open(hooks: PubSubHooks): Promise<void> {
    this.#hooks = hooks;
    const hub = hubs.get(this.#name) ?? new MemoryHub();
    hubs.set(this.#name, hub);
    hub.add(this);
  }

  async send(batch: readonly Outgoing[]): Promise<void> {
    hubs.get(this.#name)?.tell(batch);
  }

  async listen(topic: string): Promise<void> {
    this.#topics.add(topic);
  }

  async unlisten(topic: string): Promise<void> {
    this.#topics.delete(topic);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (hubs.get(this.#name)?.remove(this)) hubs.delete(this.#name);
  }

  hear(topic: string, frame: Uint8Array): void {
    if (this.#topics.has(topic)) this.#hooks?.message(topic, frame);
  }
}
