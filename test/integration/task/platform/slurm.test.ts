import { afterAll, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ding, ROOT } from "../../../support/ding.ts";
import { freePorts } from "../../../support/free-port.ts";
import { testNeeding } from "../../../support/needs.ts";
import { commandOf } from "../../../support/runtimes.ts";
import { slurmCluster, slurmMissing } from "../../../support/slurm-cluster.ts";
import { tempFolder } from "../../../support/temp-folder.ts";
import { until } from "../../../support/until.ts";

const MAIN = join(ROOT, "test/integration/task/platform/fixtures/meeting.ts");
const patient = { timeoutMs: 90_000, everyMs: 50 };

if (slurmMissing === undefined) {
  const cluster = await slurmCluster(2);
  afterAll(() => cluster[Symbol.asyncDispose]());

  test("srun -n 4 ding task forms one mesh on two nodes; the command line goes before the platform", async () => {
    const words = `task --platform slurm --topology mesh --node-ids 10,11,12,13 --ports ${await freePorts(4)}`;
    const run = await cluster.run(
      "srun",
      ["-n", "4", ...commandOf("bun"), ...words.split(" "), "--main", MAIN],
      90_000,
    );
    expect({ ...run, stdout: run.stdout.trim().split("\n").toSorted() }).toMatchObject({
      code: 0,
      stdout: [10, 11, 12, 13].map((id, rank) => {
        return `node ${id} on n${rank < 2 ? 1 : 2} met 10,11,12,13`;
      }),
    });
  }, 120_000);

  test("ding task script prints what sbatch takes as it is; scancel lets the nodes come to their end", async () => {
    await using folder = await tempFolder();
    const output = folder.file("job out.txt");
    const made = await ding(
      [
        "task",
        "script",
        "--platform",
        "slurm",
        "--main",
        MAIN,
        "--ntasks",
        "4",
        "--output",
        output,
      ],
      { cwd: folder.path },
    );
    expect(made).toMatchObject({ code: 0, stderr: "" });
    const script = await folder.write("job.sh", made.stdout);
    const read = (): Promise<string> => readFile(output, "utf8").catch(() => "");
    const lines = async (end: string): Promise<string[]> =>
      (await read()).split("\n").filter((line) => line.endsWith(end));
    const submitted = await cluster.run("sbatch", ["--parsable", "--export=ALL,STAY=1", script]);
    expect(submitted).toMatchObject({ code: 0 });
    const met = async (): Promise<boolean> => (await lines("met 0,1,2,3")).length === 4;
    await until(met, { ...patient, what: "all nodes to meet" });
    await cluster.run("scancel", [submitted.stdout.trim()]);
    await until(async () => (await lines("came to its end")).length === 4, {
      ...patient,
      what: "all nodes to end",
    });
    const isOver = async (): Promise<boolean> =>
      (await cluster.run("squeue", ["--noheader"])).stdout.trim() === "";
    await until(isOver, { ...patient, what: "the end of the job" });
  }, 120_000);
} else {
  testNeeding(slurmMissing)("ding task runs on a real Slurm", () => {});
}
