import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import type { KeptProgram } from "../../../src/deploy/kept-program.ts";
import { shellScript } from "../../../src/deploy/shell-script.ts";
import { signalGroup } from "../../support/process-group.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

/** Notes each start with its arguments, each TERM with its pid, and then lives until it is told to end. */
const PROGRAM = `#!/bin/sh
trap 'echo "term $$" >>"$NOTES"; exit 0' TERM
echo "start $$ $(pwd)" >>"$NOTES"
for arg; do printf 'arg <%s>\\n' "$arg" >>"$NOTES"; done
[ -z "\${EXIT_WITH-}" ] || exit "$EXIT_WITH"
echo "a line for the log"
while :; do sleep 0.05; done
`;

/** A script in a folder of its own, with all that it writes. */
class Kept implements AsyncDisposable {
  readonly folder: TempFolder;
  readonly #children: ChildProcess[] = [];

  constructor(folder: TempFolder) {
    this.folder = folder;
  }

  static async write(what: Partial<KeptProgram> = {}): Promise<Kept> {
    const folder = await tempFolder();
    const script = shellScript({
      name: "trainer",
      title: "ding slave",
      role: "slave",
      program: "/bin/sh",
      args: [await folder.write("program.sh", PROGRAM), ...(what.args ?? [])],
      folder: folder.path,
      drainTimeoutMs: 1_000,
      needsTokenVariable: false,
      user: "nobody",
      ...(what.tokenFile !== undefined && { tokenFile: what.tokenFile }),
      ...(what.needsTokenVariable && { needsTokenVariable: true }),
    });
    await folder.write("keep.sh", script);
    return new Kept(folder);
  }

  get env(): Record<string, string> {
    const { PATH = "" } = process.env;
    return { PATH, NOTES: this.folder.file("notes"), DING_STATE_DIR: this.folder.file("state") };
  }

  get notes(): string[] {
    return readIfThere(this.folder.file("notes")).split("\n").filter(Boolean);
  }

  /** The pids of the program, one for each start. */
  get starts(): number[] {
    return this.notes.flatMap((note) =>
      note.startsWith("start ") ? [Number(note.split(" ")[1])] : [],
    );
  }

  get log(): string {
    return readIfThere(join(this.folder.file("state"), `trainer.${nodeName()}.log`));
  }

  start(env: Record<string, string> = {}): ChildProcess {
    const child = spawn("sh", [this.folder.file("keep.sh")], {
      env: { ...this.env, ...env },
      stdio: ["ignore", "ignore", "ignore"],
      detached: true,
    });
    this.#children.push(child);
    return child;
  }

  run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync("sh", [this.folder.file("keep.sh"), ...args], {
      env: this.env,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }

  async started(times: number): Promise<void> {
    await until(() => this.starts.length >= times, {
      timeoutMs: 10_000,
      what: () => `start ${times}; notes: ${this.notes.join(", ")}; log: ${this.log}`,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      signalGroup(child.pid ?? 0, "SIGKILL");
      await ended(child);
    }
    await this.folder[Symbol.asyncDispose]();
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function nodeName(): string {
  return spawnSync("uname", ["-n"], { encoding: "utf8" }).stdout.trim();
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise((resolve) => child.once("exit", resolve));
  }
  return child.exitCode;
}

describe("shellScript()", () => {
  test("is a script that sh can read, whatever the words are", async () => {
    await using kept = await Kept.write({ args: ["it's", "$(id)", "a\nb", "`x`", '"'] });
    expect(spawnSync("sh", ["-n", kept.folder.file("keep.sh")]).status).toBe(0);
  });

  test("starts the program in its folder, with its words unchanged", async () => {
    const odd = ["two words", "it's", '"$HOME"', "50%", "a\\b"];
    const args = [...odd, { kind: "with-host" as const, text: "--name=x y@" }];
    await using kept = await Kept.write({ args });
    kept.start();
    await until(() => kept.notes.length === odd.length + 2);
    expect(kept.notes).toEqual([
      `start ${kept.starts[0]} ${kept.folder.path}`,
      ...odd.map((word) => `arg <${word}>`),
      `arg <--name=x y@${nodeName()}>`,
    ]);
    await until(() => kept.log.includes("a line for the log"));
  });

  test("starts a killed program again, and later each time", async () => {
    await using kept = await Kept.write();
    kept.start();
    await kept.started(1);
    process.kill(kept.starts[0] ?? 0, "SIGKILL");
    await kept.started(2);
    process.kill(kept.starts[1] ?? 0, "SIGKILL");
    await until(() => kept.log.includes("starts again in 2 s"));
    expect(kept.log).toMatch(/trainer ended with code 137 after \d+ s, starts again in 1 s\n/);
    expect(new Set(kept.starts).size).toBe(2);
  });

  test("starts a program again that ended well: it shall run", async () => {
    await using kept = await Kept.write();
    kept.start({ EXIT_WITH: "0" });
    await kept.started(2);
  });

  test("hands SIGTERM on, waits for the end and gives its exit code", async () => {
    await using kept = await Kept.write();
    const script = kept.start();
    await kept.started(1);
    process.kill(script.pid ?? 0, "SIGTERM");
    expect(await ended(script)).toBe(0);
    expect(kept.notes).toContain(`term ${kept.starts[0]}`);
    expect(kept.starts.length).toBe(1);
    expect(kept.run("status").stdout).toBe("trainer is not running\n");
  });

  test("SIGTERM between two starts ends it", async () => {
    await using kept = await Kept.write();
    const script = kept.start({ EXIT_WITH: "7" });
    await until(() => kept.log.includes("ended with code 7"));
    process.kill(script.pid ?? 0, "SIGTERM");
    expect(await ended(script)).toBe(0);
  });

  test("gives up on a program that refuses its options", async () => {
    await using kept = await Kept.write();
    const script = kept.start({ EXIT_WITH: "2" });
    expect(await ended(script)).toBe(2);
    expect(kept.starts.length).toBe(1);
    expect(kept.log).toContain("trainer cannot be started with these options");
  });

  test("runs once on a node", async () => {
    await using kept = await Kept.write();
    const script = kept.start();
    await kept.started(1);
    const second = kept.run();
    expect(second).toMatchObject({
      status: 0,
      stderr: `trainer is already running: pid ${script.pid}\n`,
    });
    const { status, stdout } = kept.run("status");
    expect(status).toBe(0);
    expect(stdout).toContain(`trainer is running: pid ${script.pid}, log ${kept.folder.path}`);
    expect(kept.run("stop").status).toBe(0);
    expect(await ended(script)).toBe(0);
    expect(kept.run("stop").status).toBe(0);
    expect(kept.starts.length).toBe(1);
  });

  test("of many that start together one wins, also over a lock left behind", async () => {
    await using kept = await Kept.write();
    const first = kept.start();
    await kept.started(1);
    signalGroup(first.pid ?? 0, "SIGKILL");
    await ended(first);
    const scripts = Array.from({ length: 5 }, () => kept.start());
    await kept.started(2);
    const isLeft = (script: ChildProcess): boolean => script.exitCode === null;
    await until(() => scripts.filter(isLeft).length === 1);
    expect(kept.starts.length).toBe(2);
  });

  test("takes a pid that another program has by now for not running", async () => {
    await using kept = await Kept.write();
    await kept.folder.write(`state/trainer.${nodeName()}.pid`, `${process.pid}\nanother boot\n1\n`);
    expect(kept.run("status").status).toBe(1);
  });

  test("wants DING_TOKEN when the token is there, and never holds it", async () => {
    await using kept = await Kept.write({ needsTokenVariable: true });
    expect(kept.run().stderr).toContain("DING_TOKEN: set it to the token");
    expect(kept.run("status").stderr).toBe("");
    kept.start({ DING_TOKEN: "s3cret" });
    await kept.started(1);
  });

  test("names the token file", async () => {
    const args = [{ kind: "with-token-file" as const, text: "--token-file=" }];
    await using kept = await Kept.write({ args, tokenFile: "/etc/my token" });
    kept.start();
    await until(() => kept.notes.includes("arg <--token-file=/etc/my token>"));
  });

  test("refuses a word that it does not know", async () => {
    await using kept = await Kept.write();
    expect(kept.run("restart")).toMatchObject({ status: 2, stdout: "" });
  });
});
