import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { newId } from "../../core/id.ts";

const BEFORE = "before";

/** What was put aside until the run has really begun. */
export interface Aside {
  /** It stays in `before/`, in the place of what was there. */
  keep: () => Promise<void>;
  /** Everything lies as it did; what was made since is gone. */
  undo: () => Promise<void>;
}

/** Puts away those of these files and folders that another run left there. */
export async function putAside(folder: string, names: readonly string[]): Promise<Aside> {
  const left = names.filter((name) => existsSync(join(folder, name)));
  if (left.length === 0) {
    return { keep: () => Promise.resolve(), undo: () => removeAll(folder, names) };
  }
  const aside = join(folder, `${BEFORE}-${newId()}`);
  await mkdir(aside);
  for (const name of left) await rename(join(folder, name), join(aside, name));
  return {
    async keep() {
      await removeAll(folder, [BEFORE]);
      await rename(aside, join(folder, BEFORE));
    },
    async undo() {
      await removeAll(folder, names);
      for (const name of left) await rename(join(aside, name), join(folder, name));
      await rm(aside, { recursive: true, force: true });
    },
  };
}

async function removeAll(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(folder, name), { recursive: true, force: true });
}
