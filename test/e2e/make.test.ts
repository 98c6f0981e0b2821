import { expect, test } from "bun:test";
import { spawn, spawnSync } from "node:child_process";
import { chmod } from "node:fs/promises";
import { ding, type RunResult } from "../support/ding.ts";
import { freePort } from "../support/free-port.ts";
import { signalGroup } from "../support/process-group.ts";
import { binaryPath } from "../support/runtimes.ts";
import { CHANNEL, JOBS } from "../support/slave.ts";
import { submit } from "../support/submit.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const TOKEN = "correct-horse-battery-staple";

function make(folder: TempFolder, ...args: string[]): Promise<RunResult> {
  const words = ["slave", "make", "--name", "trainer", "--channel", CHANNEL, ...args];
  return ding(words, { runtime: "binary", cwd: folder.path });
}

test("ding slave make --format sh prints a script that keeps a slave running, whatever kills it", async () => {
  await using folder = await tempFolder();
  const port = await freePort();
  const made = await make(folder, "--plugin", JOBS, "--port", `${port}`, "--drain-timeout-ms=2000");
  expect([made.code, made.stderr]).toEqual([0, ""]);
  const script = await folder.write("keep.sh", made.stdout);
  expect(spawnSync("sh", ["-n", script]).status).toBe(0);

  const env = { PATH: process.env["PATH"] ?? "", DING_STATE_DIR: folder.file("state") };
  const sh = (...args: string[]): { status: number | null; text: string } => {
    const { status, stdout, stderr } = spawnSync("sh", [script, ...args], {
      env,
      encoding: "utf8",
    });
    return { status, text: stdout + stderr };
  };
  const keeper = spawn("sh", [script], { env, cwd: "/", detached: true, stdio: "ignore" });
  const ended = new Promise<number | null>((resolve) => keeper.once("exit", resolve));
  try {
    const address = `127.0.0.1:${port}`;
    const first = await pidOf(address);
    expect((await submit([{ add: [2, 3] }], { slaves: [{ address }] })).code).toBe(0);
    expect(sh("status")).toMatchObject({ status: 0 });
    expect(sh()).toMatchObject({ status: 0, text: expect.stringContaining("already running") });

    process.kill(first, "SIGKILL");
    const second = await pidOf(address, first);
    const { code, lines } = await submit([{ add: [2, 3] }], { slaves: [{ address }] });
    expect(lines).toMatchObject([{ status: "COMPLETED", result: { sum: 5 } }]);
    expect(code).toBe(0);

    expect(sh("stop")).toEqual({ status: 0, text: "" });
    expect(await ended).toBe(0);
    expect(() => process.kill(second, 0)).toThrow();
    expect(sh("status").status).toBe(1);
  } finally {
    signalGroup(keeper.pid ?? 0, "SIGKILL");
    await ended;
  }
});

test("a script with an option that cannot be right does not try for ever", async () => {
  await using folder = await tempFolder();
  const made = await make(folder, "--plugin", JOBS, "--port", "0");
  const script = await folder.write("keep.sh", made.stdout.replace("--port=0", "--port=none"));
  const env = { PATH: process.env["PATH"] ?? "", DING_STATE_DIR: folder.file("state") };
  const { status, stderr } = spawnSync("sh", [script], { env, encoding: "utf8", timeout: 60_000 });
  expect(stderr).toContain("--port");
  expect(status).toBe(2);
});

test("ding slave make --format systemd prints a unit that systemd has nothing against", async () => {
  await using folder = await tempFolder();
  const made = await make(folder, "--format", "systemd", "--plugin", JOBS, "--port", "0");
  expect([made.code, made.stderr]).toEqual([0, ""]);
  expect(made.stdout).toContain(`ExecStart=${binaryPath()} slave `);
  expect(made.stdout).toContain(`--plugin=${JOBS}`);
  const unit = await folder.write("ding-trainer.service", made.stdout);
  if (!Bun.which("systemd-analyze"))
    return console.log("Omitted: the check by systemd-analyze: not here");
  const words = ["verify", "--man=no", "--generators=no", unit];
  const { status, stdout, stderr } = spawnSync("systemd-analyze", words, { encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("ding slave make writes the token's file down, and never the token", async () => {
  await using folder = await tempFolder();
  const file = await folder.write("token", `${TOKEN}\n`);
  await chmod(file, 0o600);
  for (const format of ["sh", "systemd"]) {
    const words = ["--format", format, "--plugin", JOBS, "--host", "0.0.0.0"];
    const made = await make(folder, ...words, "--token-file", "token");
    expect(made.stdout).toContain(format === "sh" ? file : `LoadCredential=token:${file}`);
    expect(made.stdout + made.stderr).not.toContain(TOKEN);
    expect(made.code).toBe(0);
    const open = await make(folder, ...words);
    expect(open.stderr).toContain("without a token");
    expect([open.code, open.stdout]).toEqual([2, ""]);
  }
});

/** The slave's pid as soon as it is ready; another one than `before`. */
function pidOf(address: string, before?: number): Promise<number> {
  const look = async (): Promise<number | false> => {
    const ready = await fetch(`http://${address}/health/ready`);
    const status = await fetch(`http://${address}/status`);
    const { pid } = (await status.json()) as { pid: number };
    return ready.status === 200 && pid !== before && pid;
  };
  return until(look, { what: `a slave at ${address}`, timeoutMs: 40_000 });
}
