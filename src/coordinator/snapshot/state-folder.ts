import type { Logger } from "../../core/log.ts";
import { FolderLock } from "./folder-lock.ts";
import { putAside } from "./put-aside.ts";
import { checkSnapshot, STATE_NAMES } from "./snapshots.ts";

/**
 * Takes a folder for the state of one run: nobody else uses it until `resources` are released, and unless the run is
 * resumed, what another one left there is put aside. Call what comes back when the run has begun: whatever keeps it from
 * that, an address in use, say, leaves the folder as it was.
 */
export async function openStateFolder(
  resources: AsyncDisposableStack,
  { folder, resume, log }: { folder: string; resume: boolean; log: Logger },
): Promise<() => Promise<void>> {
  if (resume) checkSnapshot(folder);
  resources.use(FolderLock.take(folder, log));
  if (resume) return () => Promise.resolve();
  const aside = await putAside(folder, STATE_NAMES);
  let hasBegun = false;
  resources.defer(async () => {
    if (!hasBegun) await aside.undo();
  });
  return async () => {
    hasBegun = true;
    await aside.keep();
  };
}
