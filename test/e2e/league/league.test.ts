import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { sha256Of } from "../../../src/coordinator/weights/sha256.ts";
import { exampleRun, runStatus, startRun, summaryOf } from "../../support/training.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

interface Evaluation {
  main: { rating: number };
  away: { policyId: string; sha256: string; rating: number };
  games: number;
  wins: number;
}

test("ding coordinator runs a league: its rating rises, it beats its first snapshot, whose weights are those of the checkpoint", async () => {
  await using folder = await tempFolder();
  // No share of wins ends it: what is looked at would be gone with it.
  await using run = startRun(folder, await exampleRun(folder, "league", 2), "--seed", "1");
  const { url } = await run.ready(60_000);
  const lead = async (): Promise<number> => {
    const { players = [] } = (await runStatus(url)).commander;
    const ratingOf = (name: string): number =>
      players.find(({ playerId }) => playerId === name)?.rating ?? 0;
    return ratingOf("main") - ratingOf("snapshot_0");
  };
  const last = async (): Promise<Evaluation> => {
    const lines = await readFile(folder.file("league/evaluations.jsonl"), "utf8").catch(() => "{}");
    return JSON.parse(lines.trim().split("\n").at(-1) ?? "{}") as Evaluation;
  };
  const options = {
    timeoutMs: 120_000,
    everyMs: 100,
    what: () => `a strong player: ${run.stderr}`,
  };
  // They begin alike; it learns, its past self does not.
  await until(async () => (await lead()) > 1, options);
  const { games, main, away } = await until(async () => {
    const evaluation = await last();
    return evaluation.wins >= 140 && evaluation;
  }, options);
  expect(games).toBe(200);
  expect(main.rating).toBeGreaterThan(away.rating);
  const { code, stdout, stderr } = await run.stop("SIGTERM", 60_000);
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  expect(stderr).toMatch(/won \d+ of 200, rated \d+\.\d against \d+\.\d/);
  expect(summaryOf(stdout)).toMatchObject({ reached: false });
  // What was loaded is what lies in the checkpoint.
  expect(away.policyId).toEndWith("_snapshot_0");
  const weights = folder.file(`league/state/weights/${away.policyId}`);
  const file = (await readdir(weights)).find((name) => name.endsWith(".weights")) ?? "";
  expect(file).toBe(`1-${away.sha256}.weights`);
  expect(sha256Of(await readFile(`${weights}/${file}`))).toBe(away.sha256);
}, 300_000);
