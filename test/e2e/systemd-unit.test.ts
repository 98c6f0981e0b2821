import { spawnSync } from "node:child_process";
import { expect } from "bun:test";
import { systemdAnalyze } from "../../scripts/test-services/systemd.ts";
import { systemdUnit } from "../../src/deploy/systemd-unit.ts";
import { testNeeding } from "../support/needs.ts";
import { tempFolder } from "../support/temp-folder.ts";

testNeeding(await systemdAnalyze())(
  "systemdUnit() is a unit that systemd has nothing against",
  async () => {
    await using folder = await tempFolder();
    const unit = systemdUnit({
      name: "trainer",
      title: "ding slave",
      role: "slave",
      program: "/bin/sh",
      args: [
        "slave",
        { kind: "with-host", text: "--name=trainer@" },
        "--plugin=/opt/my plugin.ts",
        { kind: "with-token-file", text: "--token-file=" },
        "it's",
        '"$HOME" 50%',
        "a\nb",
        "ü",
        "back\\",
        "",
      ],
      folder: "/srv/100% mine",
      drainTimeoutMs: 30_500,
      tokenFile: "/etc/ding/token",
      needsTokenVariable: false,
      user: "root",
    });
    const file = await folder.write("ding-trainer.service", unit);
    const words = ["verify", "--man=no", "--generators=no", file];
    const { status, stdout, stderr } = spawnSync("systemd-analyze", words, { encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  },
);
