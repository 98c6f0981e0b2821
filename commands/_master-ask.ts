import { z } from "zod";
import { CODES, type DingError } from "../src/core/errors.ts";
import type { Logger } from "../src/core/log.ts";
import { askAll, type Asked } from "../src/master/submit/ask-all.ts";
import { reachOptions, submitOptions } from "../src/master/submit/options.ts";
import { namedSlaves, reachOf, type Reach } from "../src/master/submit/reach.ts";
import { DEFAULT_SLAVE, parseSlaves, type SlaveAddress } from "../src/master/submit/slave-list.ts";
import { columnsText } from "./_columns.ts";
import type { Given } from "./_command.ts";
import { slavesGiven } from "./_master-tools.ts";
import { toolsOf } from "./_tools.ts";
import { visible } from "./_visible.ts";

/** The options of the commands that ask slaves something. */
export const askOptions = z.object({
  ...reachOptions,
  json: submitOptions.shape.json.describe("Print a line of JSON for each slave, and nothing else"),
});

/** What a command that asks slaves was given. */
export type AskOptions = z.output<typeof askOptions>;

/** Asks every slave that the options name; without any, the one on this machine. */
export async function askSlaves<T>(
  options: AskOptions,
  given: Given,
  ask: (address: SlaveAddress, reach: Reach, log: Logger) => Promise<T>,
): Promise<Asked<T>[]> {
  const { log, token } = await toolsOf(options, given);
  const named = await namedSlaves(slavesGiven(options, given));
  const slaves = named.length > 0 ? named : parseSlaves([DEFAULT_SLAVE]);
  const reach = reachOf(options, token);
  return await askAll(slaves, (address) => ask(address, reach, log));
}

/** Prints a row or a line of JSON for each slave; what failed is told with its reason. */
export function printAsked<T>(
  asked: readonly Asked<T>[],
  { json }: AskOptions,
  show: { head?: string[]; row(answer: T): string[]; data(answer: T): Record<string, unknown> },
): void {
  if (json) {
    for (const one of asked) {
      const data = "answer" in one ? show.data(one.answer) : { error: one.error.toJSON() };
      process.stdout.write(`${JSON.stringify({ slave: one.slave, ...data })}\n`);
    }
    return;
  }
  const rows = asked.map((one) =>
    "answer" in one ? [one.slave, ...show.row(one.answer)] : [one.slave, one.error.message],
  );
  const lines = columnsText(show.head ? [show.head, ...rows] : rows);
  process.stdout.write(lines.map((line) => `${line}\n`).join(""));
  for (const hint of hintsOf(asked)) process.stderr.write(`${visible(hint)}\n`);
}

/** 0 when every slave answered as asked, else the code of the first that did not. */
export function exitCodeOfAsked(asked: readonly Asked<unknown>[]): number {
  const failed = asked.find((one) => "error" in one);
  return failed ? CODES[failed.error.code].exit : 0;
}

function hintsOf(asked: readonly Asked<unknown>[]): Set<string> {
  const errors = asked.flatMap((one): DingError[] => ("error" in one ? [one.error] : []));
  return new Set(errors.flatMap(({ hint }) => (hint === undefined ? [] : [hint])));
}
