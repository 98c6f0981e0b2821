import { describe, expect, test } from "bun:test";
import { ding, type RunOptions, type RunResult } from "../../support/ding.ts";
import { tempFolder } from "../../support/temp-folder.ts";

const make = (args: string[], options?: RunOptions): Promise<RunResult> =>
  ding(["serve", "make", ...args], options);

/** The only service of a Compose file. */
function composed({ stdout }: RunResult): Record<string, unknown> {
  const file = Bun.YAML.parse(stdout) as { services: Record<string, Record<string, unknown>> };
  return Object.values(file.services)[0] ?? {};
}

/** The container of a manifest. */
function container({ stdout }: RunResult): Record<string, unknown> {
  const [deployment] = Bun.YAML.parse(stdout) as [
    { spec: { template: { spec: { containers: [Record<string, unknown>] } } } },
  ];
  return deployment.spec.template.spec.containers[0];
}

describe("ding serve make", () => {
  test("takes the ancestor's line as its documentation has it", async () => {
    await using folder = await tempFolder();
    const line = `server.Worker -model_dir /path/to/model -model_name model.hdf5 -port_in 8996
      -port_out 8998 -http_port 8900 -num_worker 2 -batch_size 1 -device_map -1
      -gpu_memory_fraction 0.25 -log_dir /tmp/log_dir -name YOUR_PRODUCTION_SERVICE_NAME`;
    const { code, stdout, stderr } = await make(line.split(/\s+/), { cwd: folder.path });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("\nname=YOUR_PRODUCTION_SERVICE_NAME\n");
    expect(stdout).toContain(`\nfolder=${folder.path}\n`);
    const words = /exec [^]*?\n}/.exec(stdout)?.[0].split(/\s*\\\n\s*/) ?? [];
    expect(words.slice(words.indexOf("serve"))).toEqual([
      "serve",
      "--plugin=server.Worker",
      "--model-dir=/path/to/model",
      "--model-name=model.hdf5",
      "--batch-size=1",
      "--workers=2",
      "--device-map=-1",
      "--gpu-memory-fraction=0.25",
      "--port=8900",
      "--log-dir=/tmp/log_dir\n}",
    ]);
  });

  test("makes paths whole, but for modules in the folder of the script", async () => {
    await using folder = await tempFolder();
    const cwd = folder.path;
    const models = ["server.Worker", "small=./a.onnx", "--plugin=b@2=/b.ts", "--model-dir=m"];
    const flags = ["--name=ocr", "--format=systemd", "--device-map=-1,0"];
    const here = await make([...flags, ...models], { cwd });
    expect(here.stdout).toContain(
      ` serve --plugin=server.Worker --plugin=small=${cwd}/a.onnx --plugin=b@2=/b.ts --model-dir=${cwd}/m --device-map=-1,0\n`,
    );
    const there = await make([...flags, ...models, "--folder=/srv"], { cwd });
    expect(there.stdout).toContain(` --plugin=${cwd}/server.Worker --plugin=small=${cwd}/a.onnx`);
    expect(there.stdout).toContain("\nExecReload=/bin/kill -HUP $MAINPID\n");
  });

  test("--format compose mounts what is needed, and publishes where it listens", async () => {
    await using folder = await tempFolder();
    await using models = await tempFolder();
    const plugin = await models.write("server.ts", "");
    const service = composed(
      await make(["--name=ocr", "--format=compose", plugin, `--model-dir=${models.path}`], {
        cwd: folder.path,
      }),
    );
    expect(service).toMatchObject({
      ports: ["127.0.0.1:8900:8900"],
      working_dir: folder.path,
    });
    expect(service["command"]).toEqual([
      "serve",
      `--plugin=${plugin}`,
      `--model-dir=${models.path}`,
      "--host=0.0.0.0",
      "--insecure",
    ]);
    const mounted = service["volumes"] as { source: string; read_only: boolean }[];
    expect(mounted.find(({ source }) => source === folder.path)?.read_only).toBe(false);
    expect(mounted.find(({ source }) => source === models.path)?.read_only).toBe(false);
    expect(mounted.filter(({ source }) => source.startsWith(models.path)).length).toBe(1);
  });

  test("--format compose lets strangers in only when told so", async () => {
    const words = ["a.ts", "--name=ocr", "--format=compose", "--host=10.1.2.3"];
    const refused = await make(words);
    expect(refused.stderr).toContain("without a token");
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 2, stdout: "" });
    const open = composed(await make([...words, "--insecure"]));
    expect(open).toMatchObject({ ports: ["10.1.2.3:8900:8900"] });
    const env = { DING_TOKEN: "s3cret" };
    const shut = await make(words, { env });
    expect(shut.stdout).not.toContain("s3cret");
    expect(composed(shut)).toMatchObject({ environment: { DING_TOKEN: expect.any(String) } });
    expect(composed(shut)["command"]).not.toContain("--insecure");
  });

  test("--format k8s takes the token from a secret, unless told to be open", async () => {
    const words = ["a.ts", "--name=ocr", "--format=k8s", "--device-map", "0", "1"];
    expect(container(await make([...words, "--image=registry/ocr:1"]))).toMatchObject({
      image: "registry/ocr:1",
      command: ["ding"],
      env: [{ name: "DING_TOKEN" }],
      resources: { limits: { "nvidia.com/gpu": 2 } },
    });
    const open = container(await make([...words, "--insecure", "--cpu"]));
    expect(open).not.toHaveProperty("env");
    expect(open).not.toHaveProperty("resources");
    expect(open["args"]).toContain("--insecure");
  });

  test("runs as whom it is told, never as root in a container", async () => {
    const words = ["a.ts", "--name=ocr", "--format=compose"];
    expect(composed(await make([...words, "--user=1234"]))).toMatchObject({ user: "1234:1234" });
    expect(composed(await make([...words, "--user=5:6"]))).toMatchObject({ user: "5:6" });
    expect(composed(await make(words))["user"]).not.toStartWith("0:");
    const unit = await make(["a.ts", "--name=ocr", "--format=systemd", "--user=ding:staff"]);
    expect(unit.stdout).toContain("\nUser=ding\nGroup=staff\n");
  });

  test.each([
    [["--format=compose", "--user=bob"], 'Cannot use --user: "bob": a container wants the numbers'],
    [["--format=k8s", "--user=0"], 'Cannot use --user: "0": a container wants the numbers'],
    [["--format=k8s", "--name=O_C"], 'Cannot use --name: "O_C"'],
    [["--format=k8s", "--port=0"], "Cannot use --port 0 in a container"],
    [["--format=compose", "--folder=/"], 'Cannot mount "/" into a container'],
    [["--image=a b"], 'Cannot use --image: "a b": use the name of an image'],
    [["-nam=x"], "Cannot use -nam: no such option"],
  ])("refuses %j with 2", async (args, text) => {
    const { code, stdout, stderr } = await make(["a.ts", "--name=ocr", ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toStartWith(`ding: ${text}`);
  });
});
