import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import type { KeptProgram } from "../../src/deploy/kept-program.ts";
import { serviceScript } from "../../src/deploy/service-script.ts";
import { tempFolder, type TempFolder } from "./temp-folder.ts";
import { until } from "./until.ts";

/** The shells that a service's script must run with. */
export const SHELLS = ["dash", "bash", "busybox sh"];

/**
 * Stands in for a server: says its arguments, is ready unless a file `unready` is there, drains as
 * long as there is a file `hold`, cannot start with a file `fail`, and has a child of its own.
 */
const PROGRAM = `#!/bin/sh
for arg; do printf 'arg <%s>\\n' "$arg"; done
echo "folder <$(pwd)>"
if [ -f fail ]; then
  echo "Cannot load the model" >&2
  exit "$(cat fail)"
fi
trap 'echo draining; while [ -f hold ]; do sleep 0.05; done; echo drained; kill $child; exit 0' TERM
trap 'echo reloaded' HUP
sleep 1000 &
child=$!
echo $child >child
while [ -f unready ]; do sleep 0.05; done
printf 'a print without end'
echo "serve ready on 127.0.0.1:1 url=http://127.0.0.1:1 pid=$$"
while :; do sleep 0.05; done
`;

/** What a verb said. */
export interface Said {
  status: number | null;
  text: string;
}

/** A service's script in a folder of its own; at the end of the block nothing of it runs. */
export class MadeService implements AsyncDisposable {
  readonly #folder: TempFolder;
  readonly #home: string;
  readonly #shell: string[];
  readonly #children: ChildProcess[] = [];
  env: Record<string, string> = {};

  private constructor(folder: TempFolder, home: string, shell: string) {
    this.#folder = folder;
    this.#home = home;
    this.#shell = shell.split(" ");
  }

  static async write(what: Partial<KeptProgram> = {}, shell = "sh"): Promise<MadeService> {
    const folder = await tempFolder();
    // People have such folders.
    const program = await folder.write('it\'s "my" $HOME/program.sh', PROGRAM);
    const home = program.replace("/program.sh", "");
    const text = serviceScript({
      name: "svc",
      title: "ding serve",
      role: "serve",
      program: "/bin/sh",
      prefix: [program],
      args: [],
      folder: home,
      drainTimeoutMs: 10_000,
      needsTokenVariable: false,
      user: "nobody",
      ...what,
    });
    await folder.write("run_script.sh", text);
    return new MadeService(folder, home, shell);
  }

  get script(): string {
    return this.#folder.file("run_script.sh");
  }

  /** Changes a line of the script. */
  async change(from: string, to: string): Promise<void> {
    const text = readFileSync(this.script, "utf8");
    if (!text.includes(from)) throw new Error(`Cannot change the script: no "${from}" in it`);
    await writeFile(
      this.script,
      text.replace(from, () => to),
    );
  }

  file(name: string): string {
    return `${this.#home}/${name}`;
  }

  read(name: string): string {
    return existsSync(this.file(name)) ? readFileSync(this.file(name), "utf8") : "";
  }

  get log(): string {
    return this.read("logs/std.log");
  }

  get pid(): number {
    return Number(this.read("svc.pid"));
  }

  /** Runs a verb to its end, from another folder. */
  run(...args: string[]): Said {
    const [command = "", ...rest] = [...this.#shell, this.script, ...args];
    const { status, stdout, stderr } = spawnSync(command, rest, {
      env: this.#env,
      cwd: "/",
      encoding: "utf8",
      timeout: 60_000,
    });
    return { status, text: stdout + stderr };
  }

  /** Starts a verb; what it has said grows. */
  spawn(...args: string[]): { said: Said; ended: Promise<Said>; child: ChildProcess } {
    const [command = "", ...rest] = [...this.#shell, this.script, ...args];
    const child = spawn(command, rest, { env: this.#env, cwd: "/" });
    this.#children.push(child);
    const said: Said = { status: null, text: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (said.text += text));
    }
    const ended = new Promise<Said>((resolve) =>
      child.once("close", (status) => resolve(Object.assign(said, { status }))),
    );
    return { said, ended, child };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    this.run("stopf");
    // The program's own child lives in its group; one whose keeper was killed may be left.
    await this.#folder[Symbol.asyncDispose]();
  }

  get #env(): Record<string, string> {
    return { PATH: process.env["PATH"] ?? "", ...this.env };
  }
}

/** True while the process lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/^\d+ \(.*\) [ZX]/s.test(stat);
  } catch {
    return false;
  }
}

/** Waits until the process is gone. */
export async function untilGone(pid: number): Promise<void> {
  await until(() => !isAlive(pid), { what: `the end of process ${pid}` });
}
