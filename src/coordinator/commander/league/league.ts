import { Random, type RandomState } from "../../../replay/random.ts";
import type { LeagueSettings } from "../../config/commander-settings.ts";
import type { WeightCopy } from "../commander.ts";
import { type GameResult, Payoff, type PayoffState } from "./payoff.ts";
import { drawn, pfsp } from "./pfsp.ts";
import { FIRST_RATING, rated, type Rating } from "./rating.ts";

/** One who plays in the league. */
export interface LeaguePlayer {
  readonly playerId: string;
  /** Whose weights it plays with. */
  readonly policyId: string;
  /** The version of the main player's weights that it is a copy of; the main player has none. */
  readonly fromVersion: number | undefined;
  readonly rating: Rating;
}

/** What a league saves. */
export interface LeagueState {
  random: RandomState;
  payoff: PayoffState;
  players: LeaguePlayer[];
  lastSnapshotAt: number;
  snapshots: number;
}

const MAIN = "main";

/** A main player that learns, and its past selves: whom it plays, when it is copied, how strong each is. Pure. */
export class League {
  readonly #settings: LeagueSettings;
  readonly #random: Random;
  readonly #payoff: Payoff;
  #players: LeaguePlayer[] = [];
  #lastSnapshotAt = 0;
  #snapshots = 0;
  #copies: WeightCopy[] = [];
  #retired: string[] = [];

  constructor(settings: LeagueSettings, seed: number) {
    this.#settings = settings;
    this.#random = new Random(seed);
    this.#payoff = new Payoff({ decay: settings.decay, minGames: settings.minWinRateGames });
  }

  /** The main player comes first. */
  get players(): readonly LeaguePlayer[] {
    return this.#players;
  }

  get payoff(): Payoff {
    return this.#payoff;
  }

  /** The main player begins, with a policy of its own; those of before are gone. */
  begin(policyId: string): void {
    this.#players = [{ playerId: MAIN, policyId, fromVersion: undefined, rating: FIRST_RATING }];
    this.#lastSnapshotAt = 0;
    this.#payoff.loadStateDict([]);
  }

  /** The main player, and whom it plays: a past player by prioritized fictitious self-play, or itself. */
  match(): [LeaguePlayer, LeaguePlayer] {
    const [main, ...past] = this.#players as [LeaguePlayer, ...LeaguePlayer[]];
    if (past.length === 0 || this.#random.next() >= this.#settings.pfsp) return [main, main];
    const winRates = past.map(({ playerId }) => this.#payoff.winRate(MAIN, playerId));
    const shares = pfsp(winRates, this.#settings.weighting);
    return [main, past[drawn(shares, this.#random.next())] ?? main];
  }

  /** Counts games of the main player against one who may be gone by now. */
  played(awayId: string, results: Readonly<Record<GameResult, number>>): void {
    const away = this.#players.find(({ playerId }) => playerId === awayId);
    // Against itself it wins and loses alike.
    if (!away || awayId === MAIN) return;
    for (const result of interleaved(results)) {
      this.#payoff.add(MAIN, awayId, result);
      this.#rate(awayId, SCORES[result]);
    }
  }

  /** The main player's weights are of this version now: is it time to keep a copy of it? */
  learned(version: number): LeaguePlayer | undefined {
    const main = this.#players[0];
    if (!main || version < 1 || !this.#isTrainedEnough(version)) return undefined;
    this.#lastSnapshotAt = version;
    const number = this.#snapshots++;
    const player: LeaguePlayer = {
      playerId: `snapshot_${number}`,
      policyId: `${main.policyId}_snapshot_${number}`,
      fromVersion: version,
      rating: main.rating,
    };
    this.#players.push(player);
    this.#copies.push({ policyId: main.policyId, version, toPolicyId: player.policyId });
    this.#retire();
    return player;
  }

  /** Weights to be copied since it was last asked. */
  takeCopies(): readonly WeightCopy[] {
    const copies = this.#copies;
    this.#copies = [];
    return copies;
  }

  /** Policies of players that are gone since it was last asked. */
  takeRetired(): readonly string[] {
    const retired = this.#retired;
    this.#retired = [];
    return retired;
  }

  stateDict(): LeagueState {
    return {
      random: this.#random.stateDict(),
      payoff: this.#payoff.stateDict(),
      players: [...this.#players],
      lastSnapshotAt: this.#lastSnapshotAt,
      snapshots: this.#snapshots,
    };
  }

  loadStateDict(state: LeagueState): void {
    this.#random.loadStateDict(state.random);
    this.#payoff.loadStateDict(state.payoff);
    this.#players = [...state.players];
    this.#lastSnapshotAt = state.lastSnapshotAt;
    this.#snapshots = state.snapshots;
  }

  /** The first weights there are; then after two phases, or after one in which it has come to beat all of its past. */
  #isTrainedEnough(version: number): boolean {
    const { onePhaseStep, strongWinRate } = this.#settings;
    const past = this.#players.slice(1);
    if (past.length === 0) return true;
    const steps = version - this.#lastSnapshotAt;
    if (steps < onePhaseStep) return false;
    if (steps >= 2 * onePhaseStep) return true;
    return past.every(({ playerId }) => this.#payoff.winRate(MAIN, playerId) > strongWinRate);
  }

  /** The first past player stays: it is the measure of all. */
  #retire(): void {
    if (this.#players.length - 1 <= this.#settings.maxPlayers) return;
    const [gone] = this.#players.splice(2, 1);
    if (!gone) return;
    this.#payoff.forget(gone.playerId);
    this.#retired.push(gone.policyId);
  }

  #rate(awayId: string, score: 0 | 0.5 | 1): void {
    const [main] = this.#players;
    const index = this.#players.findIndex(({ playerId }) => playerId === awayId);
    const away = this.#players[index];
    if (!main || !away) return;
    const [one, two] = rated(main.rating, away.rating, score);
    this.#players[0] = { ...main, rating: one };
    this.#players[index] = { ...away, rating: two };
  }
}

const SCORES = { wins: 1, draws: 0.5, losses: 0 } as const;

/** One after the other in turn, as if they had been played so: with decay, the order counts. */
function* interleaved(results: Readonly<Record<GameResult, number>>): Generator<GameResult> {
  const left = { ...results };
  while (left.wins + left.draws + left.losses > 0) {
    for (const result of ["wins", "draws", "losses"] as const) {
      if (left[result] <= 0) continue;
      left[result] -= 1;
      yield result;
    }
  }
}
