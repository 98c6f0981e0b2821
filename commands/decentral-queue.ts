import { defineCommand, type CommandDef } from "citty";
import { z } from "zod";
import type { Queue } from "../src/broker/queue.ts";
import { columnsText } from "./_columns.ts";
import { type Command, command } from "./_command.ts";
import { openNamedQueue, queueOptions, shownValue, type QueueOptions } from "./_decentral-queue.ts";
import { DECENTRAL_KEYS } from "./_decentral-reach.ts";
import { timeText } from "./_progress.ts";
import { toolsOf } from "./_tools.ts";

const QUEUE = "Queue";
const DEFAULT_MAX = 20;
const MOST_LETTERS = 500;

const listOptions = z.object({
  max: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(DEFAULT_MAX)
    .describe("How many at most")
    .meta({ group: QUEUE, short: "n", flagOnly: true }),
  ...queueOptions,
});

const redriveOptions = z.object({
  id: z
    .array(z.string())
    .default([])
    .describe("Ids of dead jobs; all of them if none is named")
    .meta({ group: QUEUE, positional: true }),
  ...queueOptions,
});

const purgeOptions = z.object({
  dead: z
    .boolean()
    .default(false)
    .describe("Throw away the dead jobs, and not the others")
    .meta({ group: QUEUE, flagOnly: true }),
  ...queueOptions,
});

/** `ding decentral queue`: looks at a queue, and puts it in order. */
export const decentralQueue: CommandDef = defineCommand({
  meta: { name: "queue", description: "Look at a queue, and put it in order" },
  subCommands: {
    stats: () => stats,
    peek: () => peek,
    dead: () => dead,
    redrive: () => redrive,
    purge: () => purge,
  },
});

const stats = queueCommand(
  "stats",
  "Count the jobs of a queue",
  z.object(queueOptions),
  async (queue, { json }) => {
    const { oldestMs, ...counts } = await queue.stats();
    if (json) return print({ queue: queue.url, ...counts, oldestMs: oldestMs ?? null });
    const age = oldestMs === undefined ? [] : [["oldest", timeText(oldestMs / 1_000)]];
    const rows = [...Object.entries(counts).map(([name, count]) => [name, `${count}`]), ...age];
    process.stdout.write(`${columnsText(rows).join("\n")}\n`);
  },
);

const peek = queueCommand(
  "peek",
  "Show the next jobs, without taking them",
  listOptions,
  async (queue, { json, max }) => {
    const jobs = await queue.peek(max);
    for (const { value, ...facts } of jobs) {
      const shown = { ...facts, pushedAt: timeOf(facts.pushedAtMs), value: shownValue(value) };
      if (json) print(shown);
      else row([facts.id, facts.state, `attempt ${facts.attempt}`, shortText(shown.value)]);
    }
  },
);

const dead = queueCommand(
  "dead",
  "Show the dead jobs, and why they died",
  listOptions,
  async (queue, { json, max }) => {
    const jobs = await queue.dead(max);
    for (const { value, ...facts } of jobs) {
      const times = { pushedAt: timeOf(facts.pushedAtMs), diedAt: timeOf(facts.diedAtMs) };
      if (json) print({ ...facts, ...times, value: shownValue(value) });
      else row([facts.id, times.diedAt, facts.reasons.at(-1) ?? "", shortText(shownValue(value))]);
    }
  },
);

const redrive = queueCommand(
  "redrive",
  "Make dead jobs ready again, with all tries before them",
  redriveOptions,
  async (queue, { json, id }) => {
    const redriven = await queue.redrive(id.length > 0 ? id : undefined);
    if (json) print({ queue: queue.url, redriven });
    else process.stdout.write(`${redriven} redriven\n`);
    return redriven < id.length ? 1 : 0;
  },
);

const purge = queueCommand(
  "purge",
  "Throw away all jobs that are not dead, or the dead ones",
  purgeOptions,
  async (queue, { json, dead: isDead }) => {
    const purged = await queue.purge(isDead ? "dead" : "jobs");
    if (json) print({ queue: queue.url, purged });
    else process.stdout.write(`${purged} thrown away\n`);
  },
);

function queueCommand<S extends z.ZodObject & z.ZodType<QueueOptions>>(
  verb: string,
  description: string,
  options: S,
  run: (queue: Queue, options: z.output<S>) => Promise<number | void>,
): Command {
  const name = `decentral queue ${verb}`;
  const examples = [`ding ${name} --queue sqlite:./jobs.db`, `ding ${name} --json`];
  const words = { name, description, examples, options, otherKeys: DECENTRAL_KEYS };
  return command<S>(words, async (read, given) => {
    const { log } = await toolsOf(read, given);
    await using queue = await openNamedQueue(read, log);
    return await run(queue, read);
  });
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function row(cells: string[]): void {
  process.stdout.write(`${columnsText([cells]).join("\n")}\n`);
}

/** For a line on a screen; `--json` has all of it. */
function shortText(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= MOST_LETTERS ? text : `${text.slice(0, MOST_LETTERS)}…`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
