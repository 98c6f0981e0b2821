import { messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { Assembly, type AssemblyOptions } from "./assembly.ts";
import { unpackFrame } from "./frame.ts";
import type { TopicHandler } from "./pubsub.ts";

interface Topic {
  handlers: Set<TopicHandler>;
  assembly: Assembly;
}

export interface TopicsOptions extends AssemblyOptions {
  /** Frames of this one are its own. */
  sender: string;
  log: Logger;
}

/** Who listens to what, and what becomes of the frames that come. */
export class Topics {
  readonly #options: TopicsOptions;
  readonly #topics = new Map<string, Topic>();
  #hasWarned = false;

  constructor(options: TopicsOptions) {
    this.#options = options;
  }

  /** True for the first handler of the topic. */
  add(name: string, handler: TopicHandler): boolean {
    const topic = this.#topics.get(name);
    const { handlers, assembly } = topic ?? {
      handlers: new Set<TopicHandler>(),
      assembly: new Assembly(this.#options),
    };
    handlers.add(handler);
    this.#topics.set(name, { handlers, assembly });
    return !topic;
  }

  /** True for the last handler of the topic. */
  remove(name: string, handler: TopicHandler): boolean {
    const topic = this.#topics.get(name);
    if (!topic?.handlers.delete(handler) || topic.handlers.size > 0) return false;
    return this.#topics.delete(name);
  }

  arrived(name: string, bytes: Uint8Array): void {
    const topic = this.#topics.get(name);
    if (!topic) return;
    const frame = unpackFrame(bytes);
    if (!frame) return this.#warn(name);
    if (frame.sender === this.#options.sender) return;
    const message = topic.assembly.add(frame);
    if (!message) return;
    for (const handler of topic.handlers) this.#call(handler, name, message);
  }

  #call(handler: TopicHandler, topic: string, message: Uint8Array): void {
    try {
      handler(message);
    } catch (error) {
      this.#options.log.error("A handler of a topic failed", { topic, error: messageOf(error) });
    }
  }

  /** Once: who disturbs may do so very often. */
  #warn(topic: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.log.warn("Somebody else publishes to a topic of ding; that is ignored", {
      topic,
    });
  }
}
