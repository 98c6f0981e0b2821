/** Who hears what a slave of the HTTP dialect sends back. */
export interface CallbackTarget {
  onHeartbeat(): void;
  /** False when the task is none of it. */
  onResult(path: "complete" | "fail", id: string, result: unknown): boolean;
}

/** The open connections of the HTTP dialect by their secret token. */
export class Callbacks {
  readonly #targets = new Map<string, CallbackTarget>();

  add(token: string, target: CallbackTarget): void {
    this.#targets.set(token, target);
  }

  remove(token: string): void {
    this.#targets.delete(token);
  }

  find(token: string): CallbackTarget | undefined {
    return this.#targets.get(token);
  }
}
