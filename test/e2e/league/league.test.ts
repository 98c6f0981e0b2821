import { expect, test } from "bun:test";
import { readdir, readFile } from "node:fs/promises";
import { sha256Of } from "../../../src/coordinator/weights/sha256.ts";
import { exampleRun, runStatus, startRun, summaryOf } from "../../support/training.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

interface Evaluation {
  away: { policyId: string; sha256: string };
  games: number;
  wins: number;
}

test("ding coordinator runs a league: ratings rise, the last player beats the first snapshot, whose weights are its own", async () => {
  await using folder = await tempFolder();
  await using run = startRun(folder, await exampleRun(folder, "league", 0.9), "--seed", "1");
  const { url } = await run.ready(60_000);
  const rating = async (playerId: string): Promise<number | undefined> => {
    const { commander } = await runStatus(url);
    return commander.players?.find((player) => player.playerId === playerId)?.rating;
  };
  // Those who play each other begin alike; it learns, its past self does not.
  await until(
    async () =>
      ((await rating("main")) ?? 0) > ((await rating("snapshot_0")) ?? 0) + 1 || run.hasExited,
    { timeoutMs: 60_000, what: () => `a rating above the first snapshot's: ${run.stderr}` },
  );
  const { code, stdout, stderr } = await run.waitForExit(60_000);
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  expect(summaryOf(stdout)).toMatchObject({ reached: true });
  const lines = (await readFile(folder.file("league/evaluations.jsonl"), "utf8"))
    .trim()
    .split("\n");
  const last = JSON.parse(lines.at(-1) ?? "") as Evaluation;
  expect(last.games).toBe(200);
  expect(last.wins).toBeGreaterThanOrEqual(140);
  // What was loaded is what lies in the checkpoint.
  expect(last.away.policyId).toEndWith("_snapshot_0");
  const weights = folder.file(`league/state/weights/${last.away.policyId}`);
  const file = (await readdir(weights)).find((name) => name.endsWith(".weights")) ?? "";
  expect(file).toBe(`1-${last.away.sha256}.weights`);
  expect(sha256Of(await readFile(`${weights}/${file}`))).toBe(last.away.sha256);
}, 150_000);
