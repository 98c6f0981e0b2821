import { spawnSync } from "node:child_process";
import { describe, expect, test } from "bun:test";
import { ding, type RunOptions, type RunResult } from "../../support/ding.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const make = (args: string[], options?: RunOptions): Promise<RunResult> =>
  ding(["slave", "make", ...args], options);

/** The words after `slave` that a unit starts the program with. */
function wordsOf({ stdout }: RunResult): string {
  return /^ExecStart=.* slave (.*)$/m.exec(stdout)?.[1] ?? stdout;
}

describe("ding slave make", () => {
  test("prints a script that sh can read, and nothing else", async () => {
    const { code, stdout, stderr } = await make(["--name", "tr", "--plugin", "./it's.ts"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toStartWith("#!/bin/sh\n");
    expect(spawnSync("sh", ["-n"], { input: stdout }).status).toBe(0);
  });

  test("says there what was said here by flag and variable; the config file is read there", async () => {
    await using folder = await tempFolder();
    const file = { slave: { name: "n1", mode: "queue", plugin: "./my.ts" } };
    const config = await folder.write("ding.config.json", file);
    const flags = ["--name=tr", "--format=systemd", "--join", "a:1", "--join=b:2", "--no-json"];
    const env = { DING_SLAVE_CHANNEL: "233", DING_SLAVE_ALLOW_DI_ENGINE: "1" };
    const result = await make([...flags, "--drain-timeout-ms=1500"], { cwd: folder.path, env });
    expect(wordsOf(result)).toBe(
      "--name=tr@%H --no-json --channel=233 --drain-timeout-ms=1500 --join=a:1 --join=b:2 --allow-di-engine",
    );
    expect(result.stdout).toContain(`\nWorkingDirectory=${folder.path}\n`);
    expect(result.stdout).toContain("\nTimeoutStopSec=12\n");
    const named = await make([...flags, "--config", config], { env });
    expect(wordsOf(named)).toStartWith(`--config=${config} --name=tr@%H `);
    const byVariable = await make(flags, { env: { ...env, DING_CONFIG: config } });
    expect(wordsOf(byVariable)).toStartWith(`--config=${config} --name=tr@%H `);
    // Elsewhere the file of this folder is not found by itself.
    const elsewhere = await make([...flags, "--folder=/srv/x"], { cwd: folder.path, env });
    expect(wordsOf(elsewhere)).toStartWith(`--config=${config} --name=tr@%H `);
  });

  test("makes paths whole, for they are read in another folder", async () => {
    await using folder = await tempFolder();
    const cwd = folder.path;
    const flags = ["--name=tr", "--format=systemd", "--plugin=./my.ts", "--folder=/srv/x"];
    const result = await make([...flags, "--user", "ding"], { cwd });
    expect(wordsOf(result)).toBe(`--name=tr@%H --plugin=${cwd}/my.ts`);
    expect(result.stdout).toContain("\nWorkingDirectory=/srv/x\n");
    expect(result.stdout).toContain("\nUser=ding\n");
  });

  test("knows containers too", async () => {
    const flags = ["--name=tr", "--plugin=/a/b.ts", "--channel=233", "--image=registry/ding:1"];
    const compose = await make([...flags, "--format=compose"]);
    expect(Bun.YAML.parse(compose.stdout)).toMatchObject({
      services: {
        tr: {
          image: "registry/ding:1",
          entrypoint: ["ding"],
          command: [
            "slave",
            "--name=tr",
            "--plugin=/a/b.ts",
            "--channel=233",
            "--host=0.0.0.0",
            "--insecure",
          ],
          ports: ["127.0.0.1:7236:7236"],
        },
      },
    });
    const cluster = await make([...flags, "--format=k8s"]);
    expect(cluster.stdout).toContain('"--name=tr@$(NODE_NAME)"');
    expect(cluster.stdout).toContain("containerPort: 7236");
  });

  test("never writes the token down", async () => {
    await using folder = await tempFolder();
    const tokenFile = await folder.write("token", "s3cret");
    const flags = ["--name=tr", "--format=systemd", "--plugin=/a.ts", "--host=0.0.0.0"];
    const env = { DING_TOKEN: "s3cret" };
    const byFile = await make([...flags, "--token-file", tokenFile]);
    expect(byFile.stdout).toContain(`\nLoadCredential=token:${tokenFile}\n`);
    expect(byFile.stdout).toContain(" --token-file=${CREDENTIALS_DIRECTORY}/token");
    const byVariable = await make(flags, { env });
    expect(byVariable.stdout).toContain("\nEnvironmentFile=/etc/ding/tr.env\n");
    for (const format of ["sh", "systemd"]) {
      const { code, stdout, stderr } = await make([...flags, "--format", format], { env });
      expect(code).toBe(0);
      expect(stdout + stderr).not.toContain("s3cret");
    }
  });

  test.each([
    [["--plugin", "a.ts"], "ding: Cannot start without --name\n"],
    [["--name", "a b", "--plugin", "a.ts"], 'ding: Cannot use --name: "a b": use letters'],
    [["--name", "../x", "--plugin", "a.ts"], 'ding: Cannot use --name: "../x": use letters'],
    [["--name=x", "--plugin=a.ts", "--port=abc"], 'ding: Cannot use --port: "abc" is not'],
    [["--name=x", "--plugin=a.ts", "--host=0.0.0.0"], "ding: Cannot listen on 0.0.0.0:7236"],
    [["--name=x", "--plugin=a.ts", "--user=a b"], 'ding: Cannot use --user: "a b": use a user'],
  ])("refuses %j with 2", async (args, text) => {
    const { code, stdout, stderr } = await make(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toStartWith(text);
  });

  test("refuses a name that is longer than names of files may be", async () => {
    const { code, stdout, stderr } = await make(["--name", "a".repeat(201), "--plugin", "a.ts"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(": use 200 letters at most");
  });
});
