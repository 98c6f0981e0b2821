import { describe, expect, test } from "bun:test";
import type { KeptProgram } from "../../../src/deploy/kept-program.ts";
import { systemdUnit } from "../../../src/deploy/systemd-unit.ts";

const PROGRAM: KeptProgram = {
  name: "trainer",
  title: "ding slave",
  role: "slave",
  program: "/usr/local/bin/ding",
  args: [
    "slave",
    { kind: "with-host", text: "--name=trainer@" },
    "--plugin=/opt/my plugin.ts",
    { kind: "with-token-file", text: "--token-file=" },
  ],
  folder: "/srv/100% mine",
  drainTimeoutMs: 30_500,
  tokenFile: "/etc/ding/token",
  needsTokenVariable: false,
  user: "trainer",
};

describe("systemdUnit()", () => {
  test("keeps the program running, and lets it finish when it stops", () => {
    const lines = systemdUnit(PROGRAM).split("\n");
    for (const line of [
      "Restart=always",
      "RestartSec=5",
      "StartLimitIntervalSec=0",
      "RestartPreventExitStatus=2",
      "KillSignal=SIGTERM",
      "KillMode=mixed",
      "TimeoutStopSec=41",
      "User=trainer",
      "WorkingDirectory=/srv/100%% mine",
      "WantedBy=multi-user.target",
    ]) {
      expect(lines).toContain(line);
    }
  });

  test("says whole what it runs, with the name of the node and the copy of the token file", () => {
    const unit = systemdUnit(PROGRAM);
    expect(unit).toContain(
      "\nExecStart=/usr/local/bin/ding slave --name=trainer@%H " +
        '"--plugin=/opt/my plugin.ts" --token-file=${CREDENTIALS_DIRECTORY}/token\n',
    );
    expect(unit).toContain("\nLoadCredential=token:/etc/ding/token\n");
    expect(unit).toContain("\nEnvironmentFile=-/etc/ding/trainer.env\n");
  });

  test("needs the file of variables when the token is in one", () => {
    const { tokenFile: _, ...rest } = PROGRAM;
    const unit = systemdUnit({ ...rest, needsTokenVariable: true });
    expect(unit).toContain("\nEnvironmentFile=/etc/ding/trainer.env\n");
    expect(unit).not.toContain("LoadCredential");
  });
});
