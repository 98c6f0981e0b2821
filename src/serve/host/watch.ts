import { statSync, watch, type FSWatcher } from "node:fs";
import { basename, dirname } from "node:path";
import type { Clock } from "../../core/clock.ts";

/** What is watched, and who hears of it. */
export interface WatchOptions {
  /** Asked again after each change: models come and go. */
  readonly files: () => readonly string[];
  readonly clock: Clock;
  /** Once a file has not changed any more for a moment. */
  readonly onChange: (file: string) => void;
}

/** An editor writes a file in several steps. */
const SETTLED_MS = 200;

/** What is watched. */
export interface Watching extends Disposable {
  /** Watches folders that came since, too, also those that came in the place of others. */
  look: () => void;
}

/** Tells of files that have changed, also when they were replaced by others of the same name. */
export function watchModels({ files, clock, onChange }: WatchOptions): Watching {
  const watchers = new Map<string, { watcher: FSWatcher; inode: number }>();
  const timers = new Map<string, Disposable>();
  const changed = (folder: string, name: string | null): void => {
    for (const file of files()) {
      if (dirname(file) !== folder || (name !== null && basename(file) !== name)) continue;
      timers.get(file)?.[Symbol.dispose]();
      timers.set(
        file,
        clock.after(SETTLED_MS, () => {
          timers.delete(file);
          onChange(file);
        }),
      );
    }
  };
  // The folder, not the file: a file that is replaced is another one.
  const look = (): void => {
    for (const folder of new Set(files().map((file) => dirname(file)))) {
      const inode = statSync(folder, { throwIfNoEntry: false })?.ino;
      const old = watchers.get(folder);
      if (inode === undefined || inode === old?.inode) continue;
      old?.watcher.close();
      const watcher = watch(folder, (_event, name) => changed(folder, name));
      watcher.on("error", () => {}); // the folder has gone: the next look finds the one in its place
      watchers.set(folder, { watcher, inode });
    }
  };
  look();
  return {
    look,
    [Symbol.dispose]() {
      for (const { watcher } of watchers.values()) watcher.close();
      for (const timer of timers.values()) timer[Symbol.dispose]();
    },
  };
}
