import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Client } from "../../../../src/serve/client/client.ts";
import { thrownBy } from "../../../support/thrown-by.ts";
import { ROOT } from "../../../support/runtimes.ts";
import { startServe } from "../../../support/serve.ts";

const LANGUAGE = join(ROOT, "examples/language/language.ts");

interface Answer {
  language: string | null;
  probabilities: Record<string, number>;
}

const TEXTS: Record<string, string> = {
  py: 'import os\n\ndef walk(path):\n    for name in os.listdir(path):\n        print(f"{path}/{name}")\n\nif __name__ == "__main__":\n    walk(".")\n',
  rs: 'use std::collections::HashMap;\n\nfn main() {\n    let mut counts: HashMap<String, u32> = HashMap::new();\n    *counts.entry("a".to_string()).or_insert(0) += 1;\n    println!("{:?}", counts);\n}\n',
  sh: '#!/bin/sh\nset -eu\nfor file in "$@"; do\n  if [ -f "$file" ]; then echo "$file"; fi\ndone\n',
};

test("examples/language tells the languages of files, the likeliest first", async () => {
  await using server = await startServe(["--plugin", LANGUAGE, "--workers", "2"]);
  await using client = new Client({ port: server.port });
  const texts = { ...TEXTS, ts: await readFile(join(ROOT, "src/serve/rows.ts"), "utf8") };
  const answers = await Promise.all(
    Object.values(texts).map((text) => client.encode<Answer>(text)),
  );
  expect(answers.map(({ language }) => language)).toEqual(Object.keys(texts));
  for (const { probabilities } of answers) {
    const all = Object.values(probabilities);
    expect(all).toEqual(all.toSorted((one, other) => other - one));
    expect(all.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 3);
  }
  expect(await client.encode<Answer>("x")).toEqual({ language: null, probabilities: {} });
});

test("examples/language refuses what is no text by its schema, and shows that in its document", async () => {
  await using server = await startServe(["--plugin", LANGUAGE], { runtime: "bun" });
  await using client = new Client({ port: server.port });
  expect(await thrownBy(client.encode({ text: 1 }))).toMatchObject({ code: "usage.invalid-input" });
  const document = await (await fetch(`${server.url}/openapi.json`)).text();
  expect(document).toContain("probabilities");
});
