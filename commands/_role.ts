import type { z } from "zod";
import { checkListen, type ListenOptions } from "../src/config/listen.ts";
import { DingError } from "../src/core/errors.ts";
import { within } from "../src/core/wait.ts";
import type { Service } from "../src/core/service.ts";
import { type Command, command } from "./_command.ts";
import { listenForStop, type StopRequest } from "./_signals.ts";
import { fieldsText } from "./_terminal.ts";
import { type ToolOptions, type Tools, toolsOf } from "./_tools.ts";

/** What every long-running role reads besides its own options. */
export interface RoleOptions extends ListenOptions, ToolOptions {
  json: boolean;
  drainTimeoutMs: number;
}

/** A running role: a service that others reach at an address. */
export type RoleService = Service & {
  /** Where it listens, once started: "127.0.0.1:7236". */
  readonly address: string;
  /** What the ready line says beside the address. */
  readyFacts?(): Record<string, unknown>;
};

/** A subcommand that runs until it is told to stop. */
export interface Role<S extends z.ZodObject & z.ZodType<RoleOptions>> {
  name: string;
  /** What it calls itself where it says that it is ready; its name if not given. */
  called?: string;
  description: string;
  examples: string[];
  options: S;
  create(options: z.output<S>, tools: Tools): RoleService | Promise<RoleService>;
  /** The last thing on stdout when it has stopped, as a line of JSON. */
  lastLine?: (service: RoleService) => object | undefined;
  /** What SIGHUP means to it, if it is not the wish to end. */
  onHangUp?: (service: RoleService) => void;
}

/** How much longer than its drain time a role may take to let go of everything. */
const RELEASE_MS = 5_000;

/** Options → start → ready line → wait → drain: the same for every long-running role. */
export function roleCommand<S extends z.ZodObject & z.ZodType<RoleOptions>>(
  role: Role<S>,
  subCommands?: Parameters<typeof command>[2],
): Command {
  return command<S>(
    role,
    async (options, given) => {
      const { onHangUp } = role;
      const { stdout } = process; // a plugin in this process gets another one
      let service: RoleService | undefined;
      let wasHungUp = false;
      const hangUp =
        onHangUp &&
        (() => {
          if (service?.state === "running") onHangUp(service);
          else wasHungUp = true;
        });
      using stop = listenForStop({ hangUp });
      const tools = await toolsOf(options, given);
      checkListen(options, tools.token);
      try {
        service = await role.create(options, tools);
        await runUntilStopped(service, {
          name: role.called ?? role.name,
          lastLine: role.lastLine,
          // What was to be read again may have been read before.
          onReady: (ready) => void (wasHungUp && onHangUp?.(ready)),
          options,
          stop,
          tools,
          stdout,
        });
      } catch (thrown) {
        const { message, code, hint } = DingError.from(thrown);
        tools.fileLog?.error(message, { code, hint });
        throw thrown;
      }
    },
    subCommands,
  );
}

interface Run {
  name: string;
  lastLine: Role<never>["lastLine"] | undefined;
  onReady: (service: RoleService) => void;
  options: RoleOptions;
  stop: StopRequest;
  tools: Tools;
  /** For data, whatever plugins print. */
  stdout: NodeJS.WriteStream;
}

async function runUntilStopped(service: RoleService, run: Run): Promise<void> {
  const { name, options, stop } = run;
  const { log } = run.tools;
  try {
    const starting = service.start();
    const isReady = await Promise.race([starting.then(() => true), stop.asked.then(() => false)]);
    if (isReady) {
      announce(service, run);
      run.onReady(service);
      await Promise.race([stop.asked, service.closed]);
    }
  } finally {
    if (stop.signal.aborted) log.info(`${name} is stopping`, { graceMs: options.drainTimeoutMs });
    await close(service, run);
    const last = run.lastLine?.(service);
    if (last) run.stdout.write(`${JSON.stringify(last)}\n`);
    run.tools.fileLog?.info(`${name} has stopped`);
  }
}

async function close(service: RoleService, { name, options, tools }: Run): Promise<void> {
  const wasStarting = service.state === "starting";
  const graceMs = options.drainTimeoutMs;
  const closing = service.close(graceMs);
  try {
    await within(closing, wasStarting ? graceMs : graceMs + RELEASE_MS, `${name} to stop`);
  } catch (thrown) {
    // A start that does not come back has taken no work: there is nothing to lose by leaving.
    if (!wasStarting) throw thrown;
    tools.log.warn(`${name} is left as it was starting`);
  }
}

function announce(service: RoleService, { name, options, tools, stdout }: Run): void {
  const { json, tlsCert } = options;
  const { address } = service;
  const url = `${tlsCert === undefined ? "http" : "https"}://${address}`;
  const facts = { url, ...service.readyFacts?.() };
  tools.fileLog?.info(`${name} ready on ${address}`, facts);
  if (json) {
    stdout.write(`${JSON.stringify({ ready: true, role: name, address, ...facts })}\n`);
  } else {
    process.stderr.write(`${name} ready on ${address}${fieldsText(facts)}\n`);
  }
}
