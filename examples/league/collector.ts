import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type CollectorContext,
  type CollectorTask,
  defineCollector,
  type Player,
  Random,
  type Weights,
} from "ding";
import { play, type Side } from "./game.ts";
import { valuesOf } from "./values.ts";

/** How often a player that learns tries something. */
const CURIOSITY = 0.15;

/** Plays the games of one match: the first player learns, the other one may be a past self. */
async function collect({
  task,
  weights,
  replay,
  draining,
  steps,
  episode,
}: CollectorContext): Promise<void> {
  const chance = new Random(task.seed);
  const [main, away] = await load(task.players, weights, draining);
  const isSelfPlay = main.policyId === away.policyId;
  // In an evaluation the main player shows its best; if both did, all games would be the same two.
  const sides = [
    { values: valuesOf(main.bytes), curiosity: task.isEval ? 0 : CURIOSITY },
    { values: valuesOf(away.bytes), curiosity: CURIOSITY },
  ] as const satisfies Side[];
  const seen: { board: number; score: number }[] = [];
  const games: { score: number; moves: number }[] = [];
  for (let game = 0; game < (task.episodes ?? 16) && !draining.aborted; game++) {
    const isFirst = game % 2 === 0;
    const [one, other] = sides;
    const { score: first, boards } = play(isFirst ? [one, other] : [other, one], chance);
    const score = isFirst ? first : -first;
    const own = isFirst ? 0 : 1;
    for (const board of boards[own]) seen.push({ board, score });
    if (isSelfPlay) for (const board of boards[1 - own] ?? []) seen.push({ board, score: -score });
    games.push({ score, moves: boards[0].length + boards[1].length });
  }
  if (task.isEval) await note(task, { main, away, games });
  // Before the games are counted: when all are, the task is over.
  else await replay.insert(columnsOf(seen), { policyVersion: main.version, signal: draining });
  for (const { score, moves } of games) {
    steps(moves, main.version);
    // An evaluation's mean return is the share of games that were won.
    episode({ return: score > 0 ? 1 : 0, won: score > 0, draw: score === 0 });
  }
}

/** The weights of both players; a past self's are those of its snapshot, and no others. */
async function load(
  players: readonly Player[],
  weights: CollectorContext["weights"],
  signal: AbortSignal,
): Promise<[Weights, Weights]> {
  const [main, away] = await Promise.all(
    [players[0], players[1] ?? players[0]].map(async (player) => {
      if (player?.version === undefined) {
        return await weights.next({ policyId: player?.policyId, signal });
      }
      return await weights.at(player.policyId, player.version);
    }),
  );
  if (!main || !away) throw new Error("Cannot play without players");
  return [main, away];
}

function columnsOf(seen: readonly { board: number; score: number }[]): Record<string, unknown> {
  return {
    board: Int32Array.from(seen, ({ board }) => board),
    score: Float32Array.from(seen, ({ score }) => score),
  };
}

/** One line for each evaluation: who played with which weights, how strong they are, and how it went. */
async function note(
  { config, players }: CollectorTask,
  { main, away, games }: { main: Weights; away: Weights; games: readonly { score: number }[] },
): Promise<void> {
  const [one, other] = [main, away].map(({ policyId, version, sha256 }, side) => {
    return { policyId, version, sha256, rating: players[side]?.rating ?? 0 };
  });
  const wins = games.filter(({ score }) => score > 0).length;
  const ratings = `${one?.rating.toFixed(1)} against ${other?.rating.toFixed(1)}`;
  console.log(`version ${main.version}: won ${wins} of ${games.length}, rated ${ratings}`);
  const folder = config["results"];
  if (typeof folder !== "string") return;
  await mkdir(folder, { recursive: true });
  const line = JSON.stringify({ main: one, away: other, games: games.length, wins });
  await appendFile(join(folder, "evaluations.jsonl"), `${line}\n`);
}

export default defineCollector({ collect });
