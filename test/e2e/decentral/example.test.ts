import { expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "../../support/ding.ts";
import { decentral, startDecentral } from "../../support/fleet-process.ts";
import { freePort } from "../../support/free-port.ts";
import { startServe } from "../../support/serve.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const FILES: Record<string, string> = {
  "walk.txt":
    'import os\n\ndef walk(path):\n    for name in os.listdir(path):\n        print(f"{path}/{name}")\n\nif __name__ == "__main__":\n    walk(".")\n',
  "counts.txt":
    'use std::collections::HashMap;\n\nfn main() {\n    let mut counts: HashMap<String, u32> = HashMap::new();\n    *counts.entry("a".to_string()).or_insert(0) += 1;\n    println!("{:?}", counts);\n}\n',
  "list.txt":
    '#!/bin/sh\nset -eu\nfor file in "$@"; do\n  if [ -f "$file" ]; then echo "$file"; fi\ndone\n',
};
const LANGUAGES: Record<string, string> = {
  "walk.txt": "py",
  "counts.txt": "rs",
  "list.txt": "sh",
};

test("examples/decentral: files of a queue get their language from a served model, and each has one result", async () => {
  await using folder = await tempFolder();
  const paths: string[] = [];
  for (const [name, text] of Object.entries(FILES)) paths.push(await folder.write(name, text));
  const port = await freePort();
  const receiver = spawn(
    process.execPath,
    [join(ROOT, "examples/decentral/receiver.ts"), `${port}`],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let printed = "";
  receiver.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  try {
    await using serve = await startServe(["--plugin", join(ROOT, "examples/language/language.ts")]);
    const options = { cwd: folder.path, env: { RESULTS_URL: `http://127.0.0.1:${port}/results` } };
    const lines = paths.map((path) => `${JSON.stringify({ path })}\n`).join("");
    const jobs = await folder.write("jobs.jsonl", lines);
    for (const pushed of [3, 0]) {
      const counts = await decentral(["push", jobs, "--key-field", "path"], options);
      expect(counts).toMatchObject({ pushed, duplicates: 3 - pushed });
    }
    const unit = join(ROOT, "examples/decentral/unit.ts");
    const servers = ["--remote-servers", `127.0.0.1:${serve.port}`];
    await using fleet = await startDecentral([unit, "--num-client", "4", ...servers], options);
    await until(() => printed.split("\n").length > paths.length, { what: "all results" });
    const results = printed.trimEnd().split("\n");
    const shown = results.map((line) => JSON.parse(line) as { path: string; language: string });
    const found = shown.map(({ path, language }) => [path.split("/").at(-1), language]);
    expect(Object.fromEntries(found)).toEqual(LANGUAGES);
    expect(results).toHaveLength(3);
    expect(await fleet.stop()).toMatchObject({ code: 0 });
    expect(await decentral(["queue", "stats"], options)).toMatchObject({ length: 0, dead: 0 });
  } finally {
    receiver.kill("SIGTERM");
    await new Promise((resolve) => receiver.once("exit", resolve));
  }
});
