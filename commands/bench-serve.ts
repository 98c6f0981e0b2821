import { existsSync, rmSync, writeFileSync } from "node:fs";
import { DingError, messageOf } from "../src/core/errors.ts";
import { csvOf } from "../src/load/csv.ts";
import { runLoad, type LoadProgress, type LoadReport } from "../src/load/load.ts";
import { loadOptions } from "../src/load/options.ts";
import { pictureOf } from "../src/load/picture.ts";
import { levelCells, notesOf, tablesText, titleOf } from "./_bench-table.ts";
import { command } from "./_command.ts";
import { type Progress, showProgress } from "./_progress.ts";
import { listenForStop, SIGNAL_EXIT_CODES } from "./_signals.ts";
import { toolsOf } from "./_tools.ts";

const EXIT_REQUESTS_FAILED = 6;

/** `ding bench serve`: loads a server, and tells how it bore it. */
export const benchServe = command(
  {
    name: "bench serve",
    description: "Load a model server level by level; print rates, latencies and failures",
    examples: [
      "ding bench serve http://127.0.0.1:8900 --concurrency 1:32",
      "ding bench serve http://127.0.0.1:8900 --rate 100:1000:100 --duration 10s --csv load.csv",
      "ding bench serve n1:8900 --model ocr --format binary --shape x:3,48,320 --out load.svg",
      "ding bench serve http://127.0.0.1:8900/encode_json --data body.json --concurrency 8",
    ],
    options: loadOptions,
  },
  async (options, given) => {
    // Nobody wants to measure again because a folder is missing.
    const begun = (["csv", "out"] as const).filter((option) => begin(option, options[option]));
    using stop = listenForStop();
    using progress = showProgress(process.stderr);
    const { log, token } = await toolsOf(options, given, progress.stream);
    stop.signal.addEventListener("abort", () => log.info("Stopping: whole levels are reported"));
    const report = await runLoad(options, {
      token,
      signal: stop.signal,
      onPrepared: ({ url, bodyBytes }, levels) =>
        log.info(`Loading ${url.href}`, { bodyBytes, levels: levels.length }),
      onProgress: (facts) => showShare(progress, facts),
      onLevel: (result) => log.debug("Level measured", { result: levelCells(result).join(" ") }),
    }).catch((thrown: unknown) => {
      for (const option of begun) rmSync(options[option] ?? "", { force: true });
      throw thrown;
    });
    progress[Symbol.dispose]();
    // First what cannot fail: a disk may be full by now.
    tell(report, options.json);
    write("csv", options.csv, csvOf(report.levels));
    write("out", options.out, pictureOf({ title: titleOf(report), results: report.levels }));
    if (report.isInterrupted) return SIGNAL_EXIT_CODES[await stop.asked];
    return report.levels.some(({ failed }) => failed > 0) ? EXIT_REQUESTS_FAILED : 0;
  },
);

/** The bar shows how much of the time is over, and the rate of answers. */
function showShare(progress: Progress, { level, at, of, share, answered }: LoadProgress): void {
  const unit = level.mode === "rate" ? "/s" : level.value === 1 ? " client" : " clients";
  progress.update({
    total: share > 0 ? Math.round(answered / share) : undefined,
    done: answered,
    failed: 0,
    note: `${level.value}${unit}, level ${at + 1} of ${of}`,
  });
}

function tell(report: LoadReport, isJson: boolean): void {
  if (isJson) {
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  } else if (report.levels.length > 0) {
    process.stdout.write(`${titleOf(report)}\n${tablesText(report)}`);
  }
  for (const note of notesOf(report)) process.stderr.write(`${note}\n`);
}

/** Tries whether the file of an option can be written; true when there was none before. */
function begin(option: string, path: string | undefined): boolean {
  const isNew = path !== undefined && !existsSync(path);
  write(option, path, undefined);
  return isNew;
}

/** Into the file of an option, if one was given; without a text it only tries whether that can be. */
function write(option: string, path: string | undefined, text: string | undefined): void {
  if (path === undefined) return;
  try {
    writeFileSync(path, text ?? "", { flag: text === undefined ? "a" : "w" });
  } catch (cause) {
    const message = `Cannot write --${option}: "${path}": ${messageOf(cause)}`;
    throw new DingError("usage.invalid-option", message, { cause });
  }
}
