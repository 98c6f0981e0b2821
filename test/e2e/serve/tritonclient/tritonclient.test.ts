import { expect } from "bun:test";
import { join } from "node:path";
import { runCommand } from "../../../../scripts/test-services/run-command.ts";
import { tritonClient } from "../../../../scripts/test-services/tritonclient.ts";
import { testNeeding } from "../../../support/needs.ts";
import { startServe } from "../../../support/serve.ts";

const triton = await tritonClient();
const missing = "skipped" in triton ? triton.skipped : undefined;
const fixtures = join(import.meta.dir, "fixtures");

testNeeding(missing)(
  "a Python tritonclient works against ding serve unchanged",
  async () => {
    if ("skipped" in triton) throw new Error(triton.skipped);
    const models = ["every-type", "doubled", "turns"];
    const plugins = models.flatMap((name) => ["--plugin", join(fixtures, `${name}.ts`)]);
    await using serve = await startServe([...plugins, "--batch-size", "8"]);
    const { code, stdout, stderr } = await runCommand(
      [triton.python, join(import.meta.dir, "drive_serve.py"), serve.address],
      { env: triton.env, timeoutMs: 100_000 },
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const seen = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Record<string, unknown>;
    const equal = { bool: true, int64: true, fp16: true, bf16: true, fp32: true };
    const sums = [[10], [26]];
    expect(seen).toEqual({
      live: true,
      ready: true,
      "model ready": [true, true, false, false],
      server: ["ding", true],
      metadata: {
        name: "doubled",
        versions: ["1"],
        platform: "ding_plugin",
        inputs: [{ name: "x", datatype: "FP32", shape: [-1, 4] }],
        outputs: [
          { name: "double", datatype: "FP32", shape: [-1, 4] },
          { name: "sum", datatype: "FP32", shape: [-1, 1] },
        ],
      },
      config: ["doubled", 8, [{ name: "x", data_type: "TYPE_FP32", dims: [4] }]],
      unknown: ["404", expect.stringContaining('Cannot find model "nothing"')],
      binary: { ...equal, bytes: true },
      json: equal,
      "json texts": [["hé", "", "x"]],
      "json id": "j1",
      chosen: ["7", "doubled", "1"],
      outputs: ["sum"],
      sum: sums,
      version: [
        [2, 4, 6, 8],
        [10, 12, 14, 16],
      ],
      classes: [
        ["8.000000:3", "6.000000:2"],
        ["16.000000:3", "14.000000:2"],
      ],
      compressed: [sums, sums, sums],
      "compressed json": sums,
      body: [true, true],
      shape: ["400", "Cannot infer: inputs[0].shape[1]: expected 4, got 3"],
      type: ["400", 'Cannot infer: inputs[0].datatype: expected FP32, got "FP64"'],
      output: ["400", expect.stringContaining("outputs[0].name")],
      timeout: ["504", expect.stringContaining("not answered within 50 ms")],
      priority: true,
      async: true,
      statistics: [["doubled", "1", 39]],
      "all statistics": models.toSorted(),
      index: models.toSorted().map((name) => [name, "1", "READY"]),
      unloaded: [false, "503"],
      loaded: [true, sums],
      "load with config": "400",
      "load unknown": "404",
    });
  },
  120_000,
);
