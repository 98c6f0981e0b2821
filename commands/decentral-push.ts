import { z } from "zod";
import type { Pushed } from "../src/broker/job.ts";
import type { Queue } from "../src/broker/queue.ts";
import { DingError } from "../src/core/errors.ts";
import { batchesOf } from "./_batches.ts";
import { command } from "./_command.ts";
import { jobsOf, type ReadJob } from "./_decentral-jobs.ts";
import { openNamedQueue, queueOptions } from "./_decentral-queue.ts";
import { DECENTRAL_KEYS } from "./_decentral-reach.ts";
import { showProgress } from "./_progress.ts";
import { listenForStop, SIGNAL_EXIT_CODES } from "./_signals.ts";
import { toolsOf } from "./_tools.ts";

const JOBS = "Jobs";
/** So many jobs go to the queue together. */
const BATCH = 1_000;
/** A job that was read waits so long for others to go with it. */
const WAIT_MS = 100;

const pushOptions = z.object({
  file: z
    .string()
    .default("-")
    .describe("Jobs as JSON lines, or a .json file with a list of them; - for standard input")
    .meta({ group: JOBS, positional: true }),
  keyField: z
    .string()
    .optional()
    .describe(
      "Field of each job that is its idempotency key: a key that is known is not pushed again",
    )
    .meta({ group: JOBS, placeholder: "NAME", flagOnly: true }),
  idField: z
    .string()
    .optional()
    .describe("Field of each job that is its id; a fresh UUID if not given")
    .meta({ group: JOBS, placeholder: "NAME", flagOnly: true }),
  priority: z
    .int()
    .min(-1_000)
    .max(1_000)
    .default(0)
    .describe("Jobs of a greater one go first")
    .meta({ group: JOBS, flagOnly: true }),
  delayMs: z
    .int()
    .min(0)
    .default(0)
    .describe("How long nobody may take the jobs")
    .meta({ group: JOBS, flagOnly: true }),
  envelope: z
    .boolean()
    .default(false)
    .describe("Each line is { value, id, key, priority, delayMs }, all but value optional")
    .meta({ group: JOBS, flagOnly: true }),
  ...queueOptions,
});

/** `ding decentral push`: puts jobs into a queue. */
export const decentralPush = command(
  {
    name: "decentral push",
    description: "Push jobs into a queue",
    examples: [
      "ding decentral push jobs.jsonl --queue sqlite:./jobs.db",
      "generate | ding decentral push - --queue redis://n1 --key-field url",
    ],
    options: pushOptions,
    otherKeys: DECENTRAL_KEYS,
  },
  async (options, given) => {
    using stop = listenForStop();
    using progress = showProgress(process.stderr);
    const { log } = await toolsOf(options, given, progress.stream);
    await using queue = await openNamedQueue(options, log);
    const counts = { pushed: 0, duplicates: 0 };
    const count = (answers: Pushed[]): void => {
      const duplicates = answers.filter(({ isDuplicate }) => isDuplicate).length;
      counts.pushed += answers.length - duplicates;
      counts.duplicates += duplicates;
      const done = counts.pushed + counts.duplicates;
      progress.update({ total: undefined, done, failed: 0, note: "pushed" });
    };
    const terms = { most: BATCH, waitMs: WAIT_MS, signal: stop.signal };
    try {
      for await (const batch of batchesOf(jobsOf(options, process.stdin), terms)) {
        await pushBatch(queue, batch, count);
      }
    } catch (thrown) {
      throw withCounts(DingError.from(thrown), counts);
    }
    progress[Symbol.dispose]();
    const { pushed, duplicates } = counts;
    const known = duplicates > 0 ? `, ${duplicates} known already` : "";
    if (options.json) process.stdout.write(`${JSON.stringify({ queue: queue.url, ...counts })}\n`);
    else process.stdout.write(`${pushed} pushed${known}\n`);
    return stop.signal.aborted ? SIGNAL_EXIT_CODES[await stop.asked] : 0;
  },
);

/** All together; where the queue refuses one for what it is, those before it go alone, and the refusal names it. */
async function pushBatch(
  queue: Queue,
  batch: readonly ReadJob[],
  count: (answers: Pushed[]) => void,
): Promise<void> {
  try {
    count(await queue.pushMany(batch.map(({ job }) => job)));
  } catch (thrown) {
    if (!isOfOne(thrown)) throw thrown;
    for (const { job, name } of batch) {
      count([
        await queue.push(job).catch((refusal: unknown) => Promise.reject(named(refusal, name))),
      ]);
    }
  }
}

function isOfOne(thrown: unknown): boolean {
  return thrown instanceof DingError && thrown.code === "usage.invalid-input";
}

function named(refusal: unknown, name: string): unknown {
  if (!isOfOne(refusal)) return refusal;
  const { code, message, hint, details, cause } = refusal as DingError;
  const own = { ...(hint !== undefined && { hint }), ...(details && { details }), cause };
  return new DingError(code, message.replace("the job", name), own);
}

/** What went before the fault stays pushed: whoever mends it must know where to go on. */
function withCounts(error: DingError, { pushed, duplicates }: Record<string, number>): DingError {
  const { code, message, details, cause } = error;
  const done = (pushed ?? 0) + (duplicates ?? 0);
  const hint = error.hint === undefined ? "" : `${error.hint} `;
  return new DingError(code, message, {
    hint: `${hint}${done} jobs before it are in the queue.`,
    details: { ...details, pushed, duplicates },
    cause,
  });
}
