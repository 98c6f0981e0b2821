import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { ReplayPart } from "../../replay/replay-snapshot.ts";
import type { Buffers } from "../run/buffers.ts";
import { readFrames, writeFrames } from "./snapshot-file.ts";

/** What is saved of a coordinator besides its buffers. */
export interface SavedHead {
  version: number;
  /** Whatever its owner says. */
  state: unknown;
  buffers: string[];
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
}

type Frame = SavedHead | { buffer: string; part: ReplayPart };

export const SNAPSHOT_VERSION = 1;
const FILE = "state.ding";
const BEFORE = "before";

/** Beside the state: the weights of all policies. */
export const WEIGHTS_FOLDER = "weights";

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
    const { folder, state, buffers, clock } = this.#options;
    const since = clock.now();
    const snapshots = buffers.snapshots();
    const ids = snapshots.map(([id]) => id);
    const head: SavedHead = { version: SNAPSHOT_VERSION, state: state(), buffers: ids };
    try {
      const frames = function* (): Generator<Frame> {
        yield head;
        for (const [buffer, parts] of snapshots) for (const part of parts) yield { buffer, part };
      };
      this.bytes = await writeFrames(join(folder, FILE), frames());
    } finally {
      for (const [, snapshot] of snapshots) snapshot[Symbol.dispose]();
    }
    this.count += 1;
    this.lastMs = clock.now() - since;
  }
}

/** What was saved there; `usage.invalid-input` when nothing was, or it cannot be read. Its buffers are made anew. */
export async function loadSnapshot(
  folder: string,
  buffers: Buffers,
): Promise<{ state: unknown; items: number; lost: number }> {
  const path = join(folder, FILE);
  if (!existsSync(path)) {
    throw new DingError("usage.invalid-input", `Cannot resume: there is no ${path}`, {
      hint: "Begin without --resume, or name the --snapshot-dir of the run.",
    });
  }
  const frames = (await readFrames(path))[Symbol.iterator]() as Iterator<Frame>;
  const first = frames.next();
  const head = (first.done === true ? {} : first.value) as Partial<SavedHead>;
  if (head.version !== SNAPSHOT_VERSION || !Array.isArray(head.buffers)) {
    throw new DingError("usage.invalid-input", `Cannot resume: ${path} is of another version`);
  }
  let items = 0;
  let lost = 0;
  let next = frames.next();
  for (const id of head.buffers) {
    const parts = function* (): Generator<ReplayPart> {
      for (; next.done !== true; next = frames.next()) {
        if (!("buffer" in next.value) || next.value.buffer !== id) return;
        yield next.value.part;
      }
    };
    const restored = buffers.restore(id, parts());
    items += restored.items;
    lost += restored.lost;
  }
  return { state: head.state, items, lost };
}

/** A run begins anew: what another one left there goes into a folder of its own, in the place of what was there. */
export async function putAside(folder: string): Promise<void> {
  const left = [FILE, WEIGHTS_FOLDER].filter((name) => existsSync(join(folder, name)));
  if (left.length === 0) return;
  await rm(join(folder, BEFORE), { recursive: true, force: true });
  await mkdir(join(folder, BEFORE), { recursive: true });
  for (const name of left) await rename(join(folder, name), join(folder, BEFORE, name));
}
