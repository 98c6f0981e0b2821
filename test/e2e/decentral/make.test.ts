import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "bun:test";
import { manifestCheck } from "../../../scripts/test-services/manifests.ts";
import { shellTools } from "../../../scripts/test-services/shellcheck.ts";
import { systemdAnalyze } from "../../../scripts/test-services/systemd.ts";
import { ding } from "../../support/ding.ts";
import { NOTING, notesIn } from "../../support/fleet.ts";
import { decentral, jobLines, statusOf } from "../../support/fleet-process.ts";
import { freePort } from "../../support/free-port.ts";
import { isAlive } from "../../support/made-service.ts";
import { testNeeding } from "../../support/needs.ts";
import { tempFolder, type TempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const UNITS = ["-num_client", "2", "-remote_servers", "[[n1,", "8068,", "8069],", "[n2,", "1]]"];

testNeeding(await shellTools())(
  "ding decentral make prints a script that starts, controls and stops a fleet, with dash",
  async () => {
    await using folder = await tempFolder();
    const port = await freePort();
    const to = folder.file("notes");
    const jobs = await folder.write(
      "jobs.jsonl",
      jobLines(4_000, (n) => ({ to, n, ms: 20 })),
    );
    await decentral(["push", jobs], { cwd: folder.path });
    const words = ["decentral", "make", NOTING, "-port", `${port}`, ...UNITS, "-name", "crawler"];
    const made = await ding(words, { runtime: "binary", cwd: folder.path });
    expect([made.code, made.stderr]).toEqual([0, ""]);
    const script = await folder.write("run_script.sh", made.stdout);
    const checked = spawnSync("shellcheck", [script], { encoding: "utf8" });
    expect([checked.status, checked.stdout]).toEqual([0, ""]);
    const run = (verb: string): { status: number | null; text: string } => {
      const { status, stdout, stderr } = spawnSync("dash", [script, verb], {
        cwd: "/",
        encoding: "utf8",
      });
      return { status, text: stdout + stderr };
    };
    try {
      expect(run("start")).toMatchObject({
        status: 0,
        text: expect.stringContaining("running: pid"),
      });
      const pid = Number(readFileSync(folder.file("crawler.pid"), "utf8"));
      expect(isAlive(pid)).toBe(true);
      expect(run("status").status).toBe(0);
      const status = await statusOf({ url: `http://127.0.0.1:${port}` });
      expect(status.remoteServers).toEqual([
        ["n1", 8068, 8069],
        ["n2", 1, 1],
      ]);
      expect(status.units).toHaveLength(4);
      await until(() => notesIn(to).length > 10, { what: "jobs" });
      expect(run("restart").status).toBe(0);
      expect(run("logs").text).toContain("decentral ready on");
      const many = notesIn(to).length;
      await until(() => notesIn(to).length > many, { what: "jobs after the restart" });
      expect(run("stop").status).toBe(0);
      expect(run("status").status).toBe(3);
      const notes = notesIn(to);
      expect(notes.filter(({ what }) => what === "done")).toHaveLength(notes.length / 2);
      expect(run("start").status).toBe(0);
      expect(run("stopf").status).toBe(0);
      expect(run("status").status).toBe(3);
    } finally {
      run("stopf");
    }
  },
);

/** What make prints for `./unit.ts`, in a file. */
async function made(folder: TempFolder, format: string, ...args: string[]): Promise<string> {
  await folder.write("unit.ts", "export default { work() {} }");
  const words = ["decentral", "make", "./unit.ts", "--name", "crawler", "--format", format];
  const { code, stdout, stderr } = await ding([...words, ...args], {
    runtime: "binary",
    cwd: folder.path,
  });
  expect([code, stderr]).toEqual([0, ""]);
  return await folder.write(`crawler.${format === "systemd" ? "service" : "yaml"}`, stdout);
}

testNeeding(await systemdAnalyze())("--format systemd is a unit that systemd takes", async () => {
  await using folder = await tempFolder();
  const unit = await made(folder, "systemd", ...UNITS);
  const words = ["verify", "--man=no", "--generators=no", unit];
  const { status, stdout, stderr } = spawnSync("systemd-analyze", words, { encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
});

const checker = await manifestCheck();
testNeeding("skipped" in checker ? checker.skipped : undefined)(
  "--format compose and k8s are what their schemas ask for",
  async () => {
    if ("skipped" in checker) throw new Error(checker.skipped);
    await using folder = await tempFolder();
    for (const format of ["compose", "k8s"] as const) {
      for (const args of [UNITS, ["--image", "registry/crawler:1"]]) {
        const file = await made(folder, format, ...args);
        const documents = await checker.check(format, file);
        expect(documents).toHaveLength(format === "compose" ? 1 : 2);
      }
    }
  },
);

test("make refuses a wrong server before anything is printed", async () => {
  const words = ["decentral", "make", "./unit.ts", "--name", "x", "--num-client", "none"];
  expect(await ding(words, { runtime: "binary" })).toMatchObject({ code: 2, stdout: "" });
});
