import { expect, test } from "bun:test";
import { slurmScript, type SlurmJob } from "../../../src/deploy/slurm-script.ts";

const JOB: SlurmJob = {
  name: "train",
  program: ["/opt/it's ding/ding"],
  folder: "/srv/my folder",
  directives: [
    ["nodes", "2"],
    ["exclusive", ""],
  ],
  makesToken: true,
  words: [["--main", "./main.ts"]],
};

test("slurmScript() says to sbatch what it is to know, before anything else", () => {
  const lines = slurmScript(JOB).split("\n");
  expect(lines.slice(0, 5)).toEqual([
    "#!/bin/bash",
    "#SBATCH --job-name=train",
    "#SBATCH --chdir='/srv/my folder'",
    "#SBATCH --nodes=2",
    "#SBATCH --exclusive",
  ]);
  const elsewhere = slurmScript({ ...JOB, directives: [["chdir", "/scratch"]] });
  expect(elsewhere.match(/--chdir=.*/g)).toEqual(["--chdir=/scratch"]);
});

test("slurmScript() starts the launches in a mesh, with a token and ports of the job's own", () => {
  const script = slurmScript(JOB);
  expect(script).toContain("DING_TOKEN=${DING_TOKEN:-$(od ");
  expect(script).toEndWith(
    [
      "exec srun '/opt/it'\\''s ding/ding' \\",
      "    task --platform slurm \\",
      "    --topology mesh \\",
      "    --main ./main.ts \\",
      '    --ports "$ports"\n',
    ].join("\n"),
  );
});

test("slurmScript() leaves what was said as it is", () => {
  const script = slurmScript({
    ...JOB,
    makesToken: false,
    words: [
      ["--topology", "star"],
      ["--ports", "20000"],
    ],
  });
  expect(script).not.toMatch(/DING_TOKEN|SLURM_JOB_ID|mesh/);
  expect(script).toEndWith("    --topology star \\\n    --ports 20000\n");
});
