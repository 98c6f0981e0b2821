import { resolve } from "node:path";
import type { Readable } from "node:stream";
import { systemClock, type Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { openJob } from "./job-file.ts";
import type { JobProgress, SlaveEvent } from "./job-run.ts";
import type { SubmitOptions } from "./options.ts";
import { prepareJob } from "./prepare.ts";
import type { ResultLine } from "./result-line.ts";
import { ResultsFile } from "./results-file.ts";
import { ResultsLock } from "./results-lock.ts";
import { EarlierResults } from "./results-resume.ts";
import { Tally, type SubmitSummary } from "./tally.ts";

/** Who hears of a job that was submitted. */
export interface SubmitEvents {
  onResult?(line: ResultLine): void;
  onSlave?(event: SlaveEvent): void;
  onProgress?(progress: JobProgress): void;
  /** Slaves may dial in at this address. */
  onListen?(address: string): void;
}

/** What submitting needs besides its options. */
export interface SubmitTools {
  stdin: Readable;
  log: Logger;
  token?: string | undefined;
  /** Aborts to end the job early. */
  signal?: AbortSignal | undefined;
  events?: SubmitEvents;
  clock?: Clock;
  /** Options that weigh more than what the file of tasks says; others weigh less. */
  explicit?: { slaves: boolean; channel: boolean };
}

/** Runs a file of tasks over many slaves; resolves when all have ended, or what ran has after the signal. */
export async function submit(options: SubmitOptions, tools: SubmitTools): Promise<SubmitSummary> {
  const { stdin, signal, events = {}, clock = systemClock } = tools;
  const startedAt = clock.now();
  const { resume, out } = options;
  const written = out ?? resume;
  using _ = written === undefined ? undefined : ResultsLock.take(written);
  const earlier = resume === undefined ? undefined : await EarlierResults.read(resume);
  const tally = new Tally(earlier);
  let retried = 0;
  let isAll = false;
  let isRunning = false;
  // A read that waits for somebody to type must not outlive the wish to stop.
  const stopReading = (): void => void stdin.destroy();
  signal?.addEventListener("abort", stopReading, { once: true });
  try {
    await using job = await openJob(options.file, {
      stdin,
      check: earlier && ((index, data) => earlier.check(index, data)),
    });
    if (job.total !== undefined) earlier?.checkTotal(job.total);
    // Also where there is nothing to do: whoever named a file looks for it.
    using results = openResults(options);
    if (tally.done !== job.total) {
      const onResult = (line: ResultLine): void => {
        results?.write(line);
        tally.add(line);
        events.onResult?.(line);
      };
      await using prepared = await prepareJob(job, options, {
        ...tools,
        clock,
        earlier,
        events: { ...events, onResult },
      });
      isRunning = true;
      await prepared.run.run();
      retried = prepared.run.progress.retried;
    }
    isAll = job.total === undefined ? !signal?.aborted : tally.done === job.total;
  } catch (error) {
    // What was under way before the tasks ran has ended because it was told to.
    if (isRunning || !signal?.aborted) throw error;
  } finally {
    signal?.removeEventListener("abort", stopReading);
  }
  return tally.summary({ retried, ms: clock.now() - startedAt, isInterrupted: !isAll });
}

/** `--resume` alone goes on with the same file; a new `--out` gets what is new. */
function openResults({ out, resume }: SubmitOptions): ResultsFile | undefined {
  const isSame = resume !== undefined && (out === undefined || resolve(out) === resolve(resume));
  if (isSame) return ResultsFile.append(resume);
  return out === undefined ? undefined : ResultsFile.create(out);
}
