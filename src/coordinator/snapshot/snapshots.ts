import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { ReplayPart } from "../../replay/replay-snapshot.ts";
import type { Buffers } from "../run/buffers.ts";
import { BROKEN, brokenError, readFrames, writeFrames } from "./snapshot-file.ts";

/** What is saved of a coordinator besides its buffers. */
export interface SavedHead {
  version: number;
  /** Whatever its owner says. */
  state: unknown;
  buffers: string[];
  /** Items of each buffer. */
  items: number[];
}

/** What saving needs. */
export interface SnapshotsOptions {
  folder: string;
  intervalMs: number;
  /** The state at this moment, without the buffers. */
  state: () => unknown;
  buffers: Buffers;
  clock: Clock;
  log: Logger;
  /** The state has just been taken; what comes back is called when it lies in the file. */
  onTaken?: (() => () => Promise<void>) | undefined;
}

type Frame = SavedHead | { buffer: string; part: ReplayPart };

export const SNAPSHOT_VERSION = 1;
const FILE = "state.ding";

/** Beside the state: the weights of all policies. */
export const WEIGHTS_FOLDER = "weights";
/** All that a run leaves in its folder. */
export const STATE_NAMES: readonly string[] = [FILE, WEIGHTS_FOLDER];

/** Saves the state of a coordinator: every so often, and when it is asked to. One at a time. */
export class Snapshots implements AsyncDisposable {
  readonly #options: SnapshotsOptions;
  #timer: Disposable | undefined;
  #saving: Promise<void> = Promise.resolve();
  #isEnded = false;
  /** Saved since the beginning, and how large the last one was. */
  count = 0;
  bytes = 0;
  lastMs = 0;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
  }

  /** Saves every so often from now on. */
  begin(): void {
    const { clock, intervalMs, log } = this.#options;
    if (this.#isEnded) return;
    this.#timer = clock.after(intervalMs, () => {
      this.save()
        .catch((thrown: unknown) => log.error(`cannot save the state: ${messageOf(thrown)}`))
        .finally(() => this.begin());
    });
  }

  /** Resolves when the state as it is now lies in the file, whole. */
  save(): Promise<void> {
    this.#saving = this.#saving.catch(() => {}).then(() => this.#save());
    return this.#saving;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnded = true;
    this.#timer?.[Symbol.dispose]();
    await this.#saving.catch(() => {});
  }

  async #save(): Promise<void> {
    const { folder, state, buffers, clock, onTaken } = this.#options;
    const since = clock.now();
    const snapshots = buffers.snapshots();
    const ids = snapshots.map(([id]) => id);
    const items = ids.map((id) => buffers.size(id));
    const head: SavedHead = { version: SNAPSHOT_VERSION, state: state(), buffers: ids, items };
    const written = onTaken?.();
    try {
      const frames = function* (): Generator<Frame> {
        yield head;
        for (const [buffer, parts] of snapshots) for (const part of parts) yield { buffer, part };
      };
      this.bytes = await writeFrames(join(folder, FILE), frames());
    } finally {
      for (const [, snapshot] of snapshots) snapshot[Symbol.dispose]();
    }
    await written?.();
    this.count += 1;
    this.lastMs = clock.now() - since;
  }
}

/** The file of a state; `usage.invalid-input` when nothing was saved there. */
export function checkSnapshot(folder: string): string {
  const path = join(folder, FILE);
  if (existsSync(path)) return path;
  throw new DingError("usage.invalid-input", `Cannot resume: there is no ${path}`, {
    hint: "Begin without --resume, or name the --snapshot-dir of the run.",
  });
}

/**
 * What was saved there; `usage.invalid-input` when nothing was, or it cannot be read. Its buffers are made anew; of what
 * is broken in the file the items are dropped, and counted as lost.
 */
export async function loadSnapshot(
  folder: string,
  buffers: Buffers,
): Promise<{ state: unknown; items: number; lost: number }> {
  const path = checkSnapshot(folder);
  const frames = (await readFrames(path)) as Iterator<Frame | typeof BROKEN>;
  const first = frames.next();
  if (first.done === true || first.value === BROKEN) {
    throw brokenError(path, "it does not hold any more what was written");
  }
  const head = first.value as Partial<SavedHead>;
  if (head.version !== SNAPSHOT_VERSION || !head.buffers || !head.items) {
    throw brokenError(path, "it is of another version");
  }
  const rest = new Rest(frames);
  let items = 0;
  let lost = 0;
  for (const [at, id] of head.buffers.entries()) {
    const restored = restoredItems(buffers, id, rest);
    items += restored;
    lost += Math.max(0, (head.items[at] ?? 0) - restored);
  }
  return { state: head.state, items, lost };
}

/** How many items came back; a buffer that lacks too much begins anew. */
function restoredItems(buffers: Buffers, id: string, rest: Rest): number {
  try {
    return buffers.restore(id, rest.partsOf(id)).items;
  } catch (thrown) {
    rest.passOver(id);
    if (!rest.isBroken) throw thrown;
    buffers.close(id);
    buffers.open(id);
    return 0;
  }
}

/** The frames behind the head, buffer by buffer. */
class Rest {
  readonly #frames: Iterator<Frame | typeof BROKEN>;
  #next: IteratorResult<Frame | typeof BROKEN>;
  /** Some frame was broken: nobody knows whose it was. */
  isBroken = false;

  constructor(frames: Iterator<Frame | typeof BROKEN>) {
    this.#frames = frames;
    this.#next = frames.next();
  }

  /** The parts of a buffer, up to the next one's. */
  *partsOf(id: string): Generator<ReplayPart> {
    for (; this.#next.done !== true; this.#next = this.#frames.next()) {
      const { value } = this.#next;
      if (value === BROKEN) this.isBroken = true;
      else if (!("buffer" in value) || value.buffer !== id) return;
      else yield value.part;
    }
  }

  /** Passes over what is left of a buffer. */
  passOver(id: string): void {
    const parts = this.partsOf(id);
    while (parts.next().done !== true);
  }
}
