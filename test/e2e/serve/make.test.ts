import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { expect, test } from "bun:test";
import { manifestCheck } from "../../../scripts/test-services/manifests.ts";
import { systemdAnalyze } from "../../../scripts/test-services/systemd.ts";
import { ding, spawnDing, type RunResult } from "../../support/ding.ts";
import { freePort } from "../../support/free-port.ts";
import { isAlive } from "../../support/made-service.ts";
import { testNeeding } from "../../support/needs.ts";
import { binaryPath } from "../../support/runtimes.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const TOKEN = "correct-horse-battery-staple";
const MODEL = `import { defineModel } from "ding";
export const Worker = defineModel({
  load: () => ({}),
  predict: async (_model, inputs) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return inputs;
  },
});
`;

function make(folder: TempFolder, ...args: string[]): Promise<RunResult> {
  const words = ["serve", "make", "server.Worker", "--name", "ocr", ...args];
  return ding(words, { runtime: "binary", cwd: folder.path });
}

/** A service's folder with its script; at the end of the block nothing of it runs. */
class Production implements AsyncDisposable {
  readonly folder: TempFolder;
  readonly url: string;

  private constructor(folder: TempFolder, port: number) {
    this.folder = folder;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async make(...args: string[]): Promise<Production> {
    const folder = await tempFolder();
    await folder.write("server.ts", MODEL);
    const port = await freePort();
    const made = await make(folder, "--port", `${port}`, ...args);
    expect([made.code, made.stderr]).toEqual([0, ""]);
    await folder.write("run_script.sh", made.stdout);
    return new Production(folder, port);
  }

  get pid(): number {
    return Number(readFileSync(this.folder.file("ocr.pid"), "utf8"));
  }

  /** Runs a verb as its documentation says, from another folder. */
  sh(verb: string): { status: number | null; text: string } {
    const words = [this.folder.file("run_script.sh"), verb];
    const { status, stdout, stderr } = spawnSync("sh", words, { cwd: "/", encoding: "utf8" });
    return { status, text: stdout + stderr };
  }

  /** As `sh`, while this process goes on. */
  run(verb: string): Promise<number | null> {
    const child = spawn("sh", [this.folder.file("run_script.sh"), verb], { stdio: "ignore" });
    return new Promise((resolve) => child.once("close", resolve));
  }

  async predict(input: unknown): Promise<{ status: number; output?: unknown }> {
    const body = JSON.stringify({ input });
    const answer = await fetch(`${this.url}/predict`, { method: "POST", body });
    return { status: answer.status, ...((await answer.json()) as { output?: unknown }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.sh("stopf");
    await this.folder[Symbol.asyncDispose]();
  }
}

test("ding serve make prints a script that starts, keeps and stops a server", async () => {
  await using production = await Production.make("-num_worker", "2", "-log_dir", "logs");
  const started = production.sh("start");
  expect(started).toMatchObject({
    status: 0,
    text: expect.stringContaining("ocr is running: pid"),
  });
  expect(await production.predict(1)).toMatchObject({ status: 200, output: 1 });
  const first = production.pid;
  expect(production.sh("start")).toMatchObject({ status: 1 });

  process.kill(first, "SIGKILL");
  await until(async () => (await production.predict(2)).output === 2 && production.pid !== first, {
    what: "a server that is back",
    timeoutMs: 60_000,
  });
  expect(production.sh("restart")).toMatchObject({ status: 0 });
  expect(await production.predict(3)).toMatchObject({ output: 3 });
  const last = production.pid;
  expect(production.sh("stop")).toMatchObject({
    status: 0,
    text: expect.stringContaining("ocr has stopped"),
  });
  expect(isAlive(last)).toBe(false);
  expect(production.sh("status").status).toBe(3);
}, 120_000);

/** What became of a request that has no answer. */
function codeOf(thrown: unknown): string {
  return (thrown as { code?: string }).code ?? String(thrown);
}

test("stop answers every request that was taken", async () => {
  await using production = await Production.make();
  expect(production.sh("start").status).toBe(0);
  let taken = 0;
  let isOver = false;
  const client = async (id: number): Promise<void> => {
    for (let count = 0; !isOver; count++) {
      const answer = await production.predict([id, count]).catch(codeOf);
      // Not taken: it was refused, or nobody listened any more.
      if (answer === "ConnectionRefused" || (typeof answer === "object" && answer.status === 503))
        return;
      expect(answer).toMatchObject({ status: 200, output: [id, count] });
      taken += 1;
    }
  };
  const clients = Array.from({ length: 8 }, (_, id) => client(id));
  await until(() => taken > 20, { what: "load" });
  const status = await production.run("stop");
  isOver = true;
  await Promise.all(clients);
  expect(status).toBe(0);
}, 120_000);

test("start tells why a model does not load, and leaves nothing behind", async () => {
  await using production = await Production.make();
  await writeFile(production.folder.file("server.ts"), 'throw new Error("no such weights");');
  const { status, text } = production.sh("start");
  expect(text).toContain("ocr did not start");
  expect(text).toContain("no such weights");
  expect(status).toBe(1);
  expect(production.sh("status").status).toBe(3);
});

test("ding serve make writes the token's file down, and never the token", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("token", `${TOKEN}\n`);
  await chmod(file, 0o600);
  for (const format of ["sh", "systemd", "compose", "k8s"]) {
    const words = ["--format", format, "--host", "0.0.0.0"];
    const made = await make(folder, ...words, "--token-file", "token");
    expect([format, made.code]).toEqual([format, 0]);
    expect(made.stdout).toContain(file);
    expect(made.stdout + made.stderr).not.toContain(TOKEN);
  }
});

testNeeding(await systemdAnalyze())(
  "--format systemd is a unit that systemd has nothing against",
  async () => {
    await using folder = await tempFolder();
    const made = await make(folder, "--format", "systemd", "--model-dir", "./my models");
    const unit = await folder.write("ding-ocr.service", made.stdout);
    const words = ["verify", "--man=no", "--generators=no", unit];
    const { status, stdout, stderr } = spawnSync("systemd-analyze", words, { encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  },
);

const checker = await manifestCheck();

testNeeding("skipped" in checker ? checker.skipped : undefined)(
  "--format compose and --format k8s are what their schemas ask for",
  async () => {
    if ("skipped" in checker) throw new Error(checker.skipped);
    await using folder = await tempFolder();
    for (const format of ["compose", "k8s"] as const) {
      for (const args of [[], ["--image", "registry/ocr:1"], ["-device_map", "0", "1"]]) {
        const made = await make(folder, "--format", format, ...args);
        expect([made.code, made.stderr]).toEqual([0, ""]);
        const file = await folder.write(`${format}.yaml`, made.stdout);
        const documents = await checker.check(format, file);
        expect(documents).toHaveLength(format === "compose" ? 1 : 2);
        expect(made.stdout).toContain(args[0] === "--image" ? '"ding"' : binaryPath());
      }
    }
  },
);

test("a container's program asks itself whether it is well", async () => {
  await using folder = await tempFolder();
  await folder.write("server.ts", MODEL);
  const options = { runtime: "binary", cwd: folder.path } as const;
  await using server = spawnDing(["serve", "server.Worker", "--port=0"], options);
  const { url } = await server.ready(30_000);
  const health = (path: string): Promise<RunResult> => ding(["_health", `${url}${path}`], options);
  expect(await health("/health/ready")).toMatchObject({ code: 0, stdout: "", stderr: "" });
  expect((await health("/health/none")).code).not.toBe(0);
  await server.stop();
  expect((await health("/health/ready")).code).not.toBe(0);
});
