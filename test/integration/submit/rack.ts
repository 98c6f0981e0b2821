import { Readable } from "node:stream";
import { silentLogger } from "../../../src/core/log.ts";
import { submitOptions, type SubmitOptions } from "../../../src/master/submit/options.ts";
import type { ResultLine } from "../../../src/master/submit/result-line.ts";
import { submit, type SubmitTools } from "../../../src/master/submit/submit.ts";
import type { SubmitSummary } from "../../../src/master/submit/tally.ts";
import type { TaskContext } from "../../../src/slave/context.ts";
import { Slave } from "../../../src/slave/slave.ts";
import type { SlaveOptions } from "../../../src/slave/slave-options.ts";

/** What the slaves of these tests do with a task. */
export type Work = (task: never, context: TaskContext) => unknown;

class RackSlave extends Slave {
  readonly #work: Work;

  constructor(options: SlaveOptions, work: Work) {
    super({ host: "127.0.0.1", port: 0, channel: 233, ...options });
    this.#work = work;
  }

  processTask(task: never, context: TaskContext): unknown {
    return this.#work(task, context);
  }
}

/** Slaves in this process. */
export class Rack implements AsyncDisposable {
  readonly slaves: Slave[] = [];

  static async of(count: number, work: Work, options: SlaveOptions = {}): Promise<Rack> {
    const rack = new Rack();
    for (let index = 0; index < count; index += 1) await rack.add(work, options);
    return rack;
  }

  async add(work: Work, options: SlaveOptions = {}): Promise<Slave> {
    const slave = await new RackSlave(options, work).start();
    this.slaves.push(slave);
    return slave;
  }

  get addresses(): string[] {
    return this.slaves.map((slave) => slave.address);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.slaves.map((slave) => slave.close(0)));
  }
}

/** A job that was submitted, and what was told of it. */
export interface Submitted extends SubmitSummary {
  lines: ResultLine[];
}

/** Submits tasks, given as text on standard input if no file is named. */
export async function submitText(
  text: string,
  options: Partial<SubmitOptions>,
  tools: Partial<SubmitTools> = {},
): Promise<Submitted> {
  const lines: ResultLine[] = [];
  const summary = await submit(submitOptions.parse({ file: "-", ...options }), {
    stdin: Readable.from([Buffer.from(text)]),
    log: silentLogger,
    ...tools,
    events: {
      ...tools.events,
      onResult(line) {
        lines.push(line);
        tools.events?.onResult?.(line);
      },
    },
  });
  return { ...summary, lines };
}

/** Tasks as JSON lines. */
export function linesOf(tasks: readonly unknown[]): string {
  return tasks.map((task) => `${JSON.stringify(task)}\n`).join("");
}

/** 0 … count - 1 */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
