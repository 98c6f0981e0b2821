import { statSync, type Stats } from "node:fs";
import { resolve } from "node:path";
import { DingError } from "../../core/errors.ts";

/** Which file a path led to when it was opened: what is put into one that has no path any more finds nobody. */
export class SameFile {
  readonly #path: string;
  readonly #shown: string;
  readonly #opened: Stats | undefined;

  constructor({ path, shown }: { path: string; shown: string }) {
    this.#path = resolve(path);
    this.#shown = shown;
    this.#opened = this.#look();
  }

  /** Throws `queue.broken` while the path leads elsewhere, or nowhere. */
  check(): void {
    const found = this.#look();
    if (found && found.ino === this.#opened?.ino && found.dev === this.#opened.dev) return;
    const [what, hint] = found
      ? ["another file is in its place", "Start again to use that one."]
      : ["its file was moved or deleted", "Put it back, or start again with a new one."];
    throw new DingError("queue.broken", `Cannot use queue "${this.#shown}": ${what}`, { hint });
  }

  #look(): Stats | undefined {
    return statSync(this.#path, { throwIfNoEntry: false });
  }
}
