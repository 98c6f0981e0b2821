import { NetworkError } from "../core/errors.ts";
import { abortable } from "../core/wait.ts";
import type { Link } from "../link/link.ts";

/** A slave that dialled this master, and dials again whenever its link breaks. */
export class JoinedSlave {
  readonly name: string;
  /** Names the slave's process. */
  readonly boot: string;
  readonly place: { host: string; port: number };
  /** Offered, and not taken yet. */
  #link: Link | undefined;
  #taken: Link | undefined;
  #waiting: ((link: Link) => void)[] = [];

  constructor(name: string, boot: string, link: Link) {
    this.name = name;
    this.boot = boot;
    this.place = { host: link.peer, port: 0 };
    this.#link = link;
  }

  /** The same process has dialled again: whatever it looks like from here, its last link is dead. */
  offer(link: Link): void {
    const [wake] = this.#waiting;
    if (wake) {
      this.#waiting.shift();
      this.#taken = link;
      wake(link);
      return;
    }
    this.#link?.close("another link took its place");
    this.#link = link;
    this.#taken?.terminate();
  }

  /** Its offer is not taken: it may make another one later. */
  turnAway(reason: string): void {
    this.#link?.close(reason);
    this.#link = undefined;
  }

  /** The link it has offered, or the next one it offers within `timeoutMs`. */
  async take(signal: AbortSignal, timeoutMs: number): Promise<Link> {
    const link = this.#link;
    this.#link = undefined;
    if (link && !link.isClosed) {
      this.#taken = link;
      return link;
    }
    const next = Promise.withResolvers<Link>();
    this.#waiting.push(next.resolve);
    const timer = setTimeout(
      () => next.reject(new NetworkError("network.refused", "The slave did not dial again")),
      timeoutMs,
    );
    try {
      return await abortable(next.promise, signal);
    } finally {
      clearTimeout(timer);
      this.#waiting = this.#waiting.filter((wake) => wake !== next.resolve);
    }
  }
}
