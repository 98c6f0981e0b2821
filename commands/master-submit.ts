import { formatResultLine } from "../src/master/submit/result-line.ts";
import type { SlaveEvent } from "../src/master/submit/job-run.ts";
import { submitOptions, type SubmitOptions } from "../src/master/submit/options.ts";
import { submit } from "../src/master/submit/submit.ts";
import type { SubmitSummary } from "../src/master/submit/tally.ts";
import type { Logger } from "../src/core/log.ts";
import { command } from "./_command.ts";
import { countsText, resultsText } from "./_master-summary.ts";
import { MASTER_KEYS, slavesGiven } from "./_master-tools.ts";
import { showProgress } from "./_progress.ts";
import { listenForStop, SIGNAL_EXIT_CODES } from "./_signals.ts";
import { toolsOf } from "./_tools.ts";

const EXIT_TASK_FAILED = 6;

/** `ding master submit`: runs a file of tasks over many slaves. */
export const masterSubmit = command(
  {
    name: "master submit",
    description: "Run a file of tasks over many slaves and collect the results",
    examples: [
      "ding master submit task.json",
      "ding master submit tasks.jsonl --slave n[01-99]:7236 --channel 233 --out results.jsonl",
      "ding master submit tasks.jsonl --slave-file slaves --resume results.jsonl",
      "generate | ding master submit - --json | jq .result",
      "ding master submit tasks.jsonl --listen :7235 --min-slaves 8 --token-file ./token",
    ],
    options: submitOptions,
    otherKeys: MASTER_KEYS,
  },
  async (given, context) => {
    using stop = listenForStop();
    const options = slavesGiven(given, context);
    const { origins } = context;
    using progress = showProgress(process.stderr);
    const { log, token } = await toolsOf(options, context, progress.stream);
    const tell = slaveTeller(log);
    stop.signal.addEventListener("abort", () =>
      log.info("Stopping: the tasks that run are cancelled; a second signal leaves at once"),
    );
    let failed = 0;
    const summary = await submit(options, {
      stdin: process.stdin,
      log,
      token,
      signal: stop.signal,
      explicit: {
        slaves: origins.slave?.from === "flag" || origins.slaveFile?.from === "flag",
        channel: origins.channel?.from === "flag",
      },
      events: {
        onResult(line) {
          if (line.status !== "COMPLETED") failed += 1;
          if (options.json) process.stdout.write(`${formatResultLine(line)}\n`);
        },
        onSlave: tell,
        onListen: (address) =>
          log.info(`Slaves may join at ${address}`, { waitingFor: options.minSlaves }),
        onProgress: ({ total, done, slavesUp }) => {
          const note = `${slavesUp} slave${slavesUp === 1 ? "" : "s"}`;
          progress.update({ total, done, failed, note });
        },
      },
    });
    progress[Symbol.dispose]();
    tellSummary(summary, options);
    if (summary.isInterrupted) return SIGNAL_EXIT_CODES[await stop.asked];
    return summary.counts.COMPLETED === summary.done ? 0 : EXIT_TASK_FAILED;
  },
);

/** What becomes of a slave is told once, not at every attempt to reach it. */
function slaveTeller(log: Logger): (event: SlaveEvent) => void {
  const missing = new Set<string>();
  return ({ slave, state, reason, hint }) => {
    if (state === "up") {
      log.debug(`Slave ${slave} is connected`);
      missing.delete(slave);
    } else if (!missing.has(slave)) {
      log.warn(`Slave ${slave} ${WORDS[state]}: ${reason}`, { hint });
      missing.add(slave);
    }
  };
}

const WORDS = {
  down: "is lost",
  unreachable: "cannot be used yet",
  refused: "does not let us in",
} as const;

function tellSummary(summary: SubmitSummary, { json, out, resume }: SubmitOptions): void {
  const file = out ?? resume;
  if (json) process.stderr.write(countsText(summary));
  else process.stdout.write(`${resultsText(summary, file)}${countsText(summary)}`);
  if (!summary.isInterrupted) return;
  const next =
    file === undefined ? "Pass --out FILE to be able to go on" : `Go on with --resume ${file}`;
  process.stderr.write(`Stopped before all tasks were done. ${next}\n`);
}
