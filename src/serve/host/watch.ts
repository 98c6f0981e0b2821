import { statSync } from "node:fs";
import type { Clock } from "../../core/clock.ts";

/** What is watched, and who hears of it. */
export interface WatchOptions {
  /** Asked at each look: models come and go. */
  readonly files: () => readonly string[];
  readonly clock: Clock;
  /** Once a file is as it was a look ago, and other than it was: also when it has gone. */
  readonly onChange: (file: string) => void;
}

/** What is watched. */
export interface Watching extends Disposable {
  /** Knows models that have come from now on, not from the next look on. */
  learn: () => void;
}

/** An editor writes a file in several steps: what is the same in two looks is written. */
const LOOK_MS = 250;

/**
 * Tells of files that have changed, whatever changed on the way to them: a file in the place of another, a link, a
 * folder that is another one now. They are looked at, for no event tells of all that, or of a folder in a network.
 */
export function watchModels({ files, clock, onChange }: WatchOptions): Watching {
  const told = new Map<string, string>();
  const seen = new Map<string, string>();
  let timer: Disposable | undefined;
  const learn = (): void => {
    for (const file of files()) if (!told.has(file)) told.set(file, stateOf(file));
  };
  const look = (): void => {
    timer = clock.after(LOOK_MS, look);
    learn();
    for (const file of new Set(files())) {
      const state = stateOf(file);
      const isSettled = seen.get(file) === state;
      seen.set(file, state);
      if (!isSettled || told.get(file) === state) continue;
      told.set(file, state);
      onChange(file);
    }
  };
  look();
  return { learn, [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}

/** What makes a file another one; empty where there is none. */
function stateOf(file: string): string {
  try {
    const { ino, mtimeMs, size } = statSync(file);
    return `${ino} ${mtimeMs} ${size}`;
  } catch {
    return "";
  }
}
