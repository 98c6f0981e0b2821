/**
 * `npm run bench -- NAME`: runs one bench, prints its table, writes bench/results/NAME.json. Exits 1 if a bound is
 * broken, 2 if there is no such bench. With `--json` stdout holds the rows and nothing else.
 */
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bench, Row } from "./support/row.ts";
import { brief, table } from "./support/table.ts";

const names = readdirSync(import.meta.dir)
  .filter((file) => file.endsWith(".ts") && file !== "run.ts")
  .map((file) => file.slice(0, -".ts".length))
  .toSorted();

function usage(fault: string): never {
  console.error(`${fault}\nUsage: npm run bench -- NAME [--json]\nNames: ${names.join(", ")}`);
  process.exit(2);
}

function parse(): { name: string; isJson: boolean } {
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    const [name = "", ...rest] = positionals;
    if (!names.includes(name) || rest.length > 0) {
      usage(`Cannot find bench "${positionals.join(" ")}"`);
    }
    return { name, isJson: values.json };
  } catch (thrown) {
    return usage((thrown as Error).message);
  }
}

async function main(): Promise<void> {
  const { name, isJson } = parse();
  const { bench } = (await import(`./${name}.ts`)) as { bench: Bench };
  const rows: Row[] = [];
  for await (const row of bench()) {
    rows.push(row);
    console.error(brief(row));
  }
  const file = join("bench", "results", `${name}.json`);
  const folder = join(import.meta.dir, "results");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(rows, undefined, 2)}\n`);
  console.log(isJson ? JSON.stringify(rows) : `\n${table(rows)}`);
  const broken = rows.filter((row) => !row.ok).map((row) => row.id);
  console.error(`\n${file} written`);
  if (broken.length > 0) console.error(`Out of bounds: ${broken.join(", ")}`);
  process.exit(broken.length > 0 ? 1 : 0);
}

process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));
await main();
