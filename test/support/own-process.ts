import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { until } from "./until.ts";

/** A server that a test has started and may kill; it is gone at the end of the block. */
export class OwnProcess implements AsyncDisposable {
  readonly #command: [string, ...string[]];
  #child: ChildProcess | undefined;
  #output = "";

  constructor(command: [string, ...string[]]) {
    this.#command = command;
  }

  /** What it has written since it was started. */
  get output(): string {
    return this.#output;
  }

  start(): void {
    const [program, ...args] = this.#command;
    this.#output = "";
    this.#child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.#output += text));
    }
  }

  /** Resolves when it stands still, until `proceed()`. */
  async halt(): Promise<void> {
    this.#child?.kill("SIGSTOP");
    const file = `/proc/${this.#child?.pid}/stat`;
    await until(() => / T /.test(readFileSync(file, "utf8")), { what: "it to stand still" });
  }

  proceed(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Resolves when it is gone. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("close", resolve));
    child.kill(signal);
    await gone;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
