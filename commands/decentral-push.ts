import { z } from "zod";
import type { NewJob } from "../src/broker/job.ts";
import { DingError } from "../src/core/errors.ts";
import { command } from "./_command.ts";
import { jobsOf } from "./_decentral-jobs.ts";
import { openNamedQueue, queueOptions } from "./_decentral-queue.ts";
import { DECENTRAL_KEYS } from "./_decentral-reach.ts";
import { showProgress } from "./_progress.ts";
import { listenForStop, SIGNAL_EXIT_CODES } from "./_signals.ts";
import { toolsOf } from "./_tools.ts";

const JOBS = "Jobs";
/** So many jobs go to the queue together. */
const BATCH = 1_000;

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
    const push = async (jobs: NewJob[]): Promise<void> => {
      const answers = await queue.pushMany(jobs);
      const duplicates = answers.filter(({ isDuplicate }) => isDuplicate).length;
      counts.pushed += answers.length - duplicates;
      counts.duplicates += duplicates;
      const done = counts.pushed + counts.duplicates;
      progress.update({ total: undefined, done, failed: 0, note: "pushed" });
    };
    let batch: NewJob[] = [];
    try {
      for await (const job of jobsOf(options, process.stdin)) {
        if (stop.signal.aborted) break;
        batch.push(job);
        if (batch.length === BATCH) await push(batch.splice(0));
      }
      if (!stop.signal.aborted && batch.length > 0) await push(batch.splice(0));
    } catch (thrown) {
      throw withCounts(DingError.from(thrown), counts);
    }
    batch = [];
    progress[Symbol.dispose]();
    const { pushed, duplicates } = counts;
    const known = duplicates > 0 ? `, ${duplicates} known already` : "";
    if (options.json) process.stdout.write(`${JSON.stringify({ queue: queue.url, ...counts })}\n`);
    else process.stdout.write(`${pushed} pushed${known}\n`);
    return stop.signal.aborted ? SIGNAL_EXIT_CODES[await stop.asked] : 0;
  },
);

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
