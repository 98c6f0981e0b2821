import { Fifo } from "../../core/fifo.ts";

/** What comes in by itself and is taken one by one; whoever takes waits for it. */
export class Inflow<T> {
  readonly #items = new Fifo<{ value: T; bytes: number }>();
  #bytes = 0;
  #end: { thrown: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** Items that nobody has taken. */
  get size(): number {
    return this.#items.size;
  }

  /** Their bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  /** Nothing comes in after the end. */
  put(value: T, bytes: number): void {
    if (this.#end) return;
    this.#items.push({ value, bytes });
    this.#bytes += bytes;
    this.#wakeUp();
  }

  /** Nothing more comes; who takes gets what is there, and then `thrown` unless that is undefined. */
  end(thrown?: unknown): void {
    this.#end ??= { thrown };
    this.#wakeUp();
  }

  /** The next one, or undefined at the end. For one taker at a time. */
  async take(): Promise<{ value: T } | undefined> {
    while (this.size === 0 && !this.#end) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    const next = this.#items.take();
    if (next) {
      this.#bytes -= next.bytes;
      return next;
    }
    if (this.#end?.thrown !== undefined) throw this.#end.thrown;
    return undefined;
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
