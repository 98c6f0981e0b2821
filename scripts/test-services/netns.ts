import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { installPackages } from "./debian.ts";
import { runCommand, type CommandResult } from "./run-command.ts";

/** A host in a network of its own. */
export interface Host {
  /** The namespace's name. */
  readonly name: string;
  readonly address: string;
  /** What to put before a command so that it runs on this host; for `prefix` of `ding()`. */
  readonly prefix: string[];
  run(command: [string, ...string[]], timeoutMs?: number): Promise<CommandResult>;
  spawn(command: [string, ...string[]], options?: SpawnOptions): ChildProcess;
  /** Pulls the cable: sockets stay open, nothing arrives any more. */
  cut(): Promise<void>;
  /** Puts it back. */
  restore(): Promise<void>;
}

/** Hosts joined by a switch; all is gone, with what still runs there, at the end of an `await using` block. */
export interface Network extends AsyncDisposable {
  readonly hosts: readonly Host[];
}

let tools: Promise<string | undefined> | undefined;
let count = 0;

/** Gives what is missing for network namespaces, after having tried to install it. */
export function netnsTools(): Promise<string | undefined> {
  tools ??= findMissing();
  return tools;
}

/** Makes `size` hosts, 10.77.0.1 and up, each in a namespace, joined by a bridge in one more. Nothing outside is touched. */
export async function makeNetwork(size: number): Promise<Network> {
  const prefix = `dt${process.pid.toString(36)}x${(count++).toString(36)}`;
  const bridge = `${prefix}sw`;
  const hosts = Array.from({ length: size }, (_, index) => makeHost(prefix, index + 1));
  const network = { hosts, [Symbol.asyncDispose]: () => tearDown(prefix) };
  try {
    await ip("netns", "add", bridge);
    await ip("-n", bridge, "link", "set", "lo", "up");
    await ip("-n", bridge, "link", "add", "br0", "type", "bridge", "forward_delay", "0");
    await ip("-n", bridge, "link", "set", "br0", "up");
    for (const [index, { name, address }] of hosts.entries()) {
      const port = `p${index + 1}`;
      const cable = ["type", "veth", "peer", "name", port, "netns", bridge];
      await ip("netns", "add", name);
      await ip("-n", name, "link", "set", "lo", "up");
      await ip("-n", name, "link", "add", "eth0", ...cable);
      await ip("-n", bridge, "link", "set", port, "master", "br0", "up");
      await ip("-n", name, "addr", "add", `${address}/24`, "dev", "eth0");
      await ip("-n", name, "link", "set", "eth0", "up");
    }
  } catch (error) {
    await tearDown(prefix);
    throw error;
  }
  return network;
}

function makeHost(prefix: string, number: number): Host {
  const name = `${prefix}n${number}`;
  const inside = ["ip", "netns", "exec", name];
  const link = (state: "up" | "down"): Promise<void> =>
    ip("-n", `${prefix}sw`, "link", "set", `p${number}`, state);
  return {
    name,
    address: `10.77.0.${number}`,
    prefix: inside,
    run: (command, timeoutMs) =>
      runCommand(["ip", ...inside.slice(1), ...command], timeoutMs ? { timeoutMs } : {}),
    spawn: (command, options = {}) => spawn("ip", [...inside.slice(1), ...command], options),
    cut: () => link("down"),
    restore: () => link("up"),
  };
}

async function tearDown(prefix: string): Promise<void> {
  const { stdout } = await runCommand(["ip", "netns", "list"]);
  const names = stdout.split("\n").map((line) => line.split(" ", 1)[0] ?? "");
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    const { stdout: pids } = await runCommand(["ip", "netns", "pids", name]);
    for (const pid of pids.split("\n").filter(Boolean)) {
      try {
        process.kill(Number(pid), "SIGKILL");
      } catch {
        continue; // has ended meanwhile
      }
    }
    await ip("netns", "del", name);
  }
}

async function findMissing(): Promise<string | undefined> {
  if (process.platform !== "linux") return "Linux with network namespaces";
  if (process.getuid?.() !== 0) return "root, for network namespaces";
  if ((await runCommand(["ip", "-V"])).code !== 0) {
    const problem = await installPackages(["iproute2"]);
    if (problem !== undefined) return `the program ip of iproute2: ${problem}`;
  }
  const probe = await makeNetwork(1).catch((error: Error) => error);
  if (probe instanceof Error) return `a kernel that allows network namespaces: ${probe.message}`;
  await probe[Symbol.asyncDispose]();
  return undefined;
}

async function ip(...args: string[]): Promise<void> {
  const { code, stderr } = await runCommand(["ip", ...args]);
  if (code !== 0) throw new Error(`Cannot run \`ip ${args.join(" ")}\`: ${stderr.trim()}`);
}
