/** How the games of one player against another went; each counts less after every later one. */
export interface Record1v1 {
  wins: number;
  draws: number;
  losses: number;
  games: number;
}

/** What came of some games. */
export type GameResult = "wins" | "draws" | "losses";

/** What a payoff saves. */
export type PayoffState = [home: string, away: string, record: Record1v1][];

/** Who wins how often against whom, with decay. */
export class Payoff {
  readonly #decay: number;
  readonly #minGames: number;
  readonly #records = new Map<string, Map<string, Record1v1>>();

  /** With fewer than `minGames` games a win rate is a half. */
  constructor({ decay, minGames }: { decay: number; minGames: number }) {
    this.#decay = decay;
    this.#minGames = minGames;
  }

  /** What is known of their games, from the view of `home`. */
  record(home: string, away: string): Readonly<Record1v1> {
    return this.#records.get(home)?.get(away) ?? { wins: 0, draws: 0, losses: 0, games: 0 };
  }

  /** Counts one game, for both. */
  add(home: string, away: string, result: GameResult): void {
    this.#add(home, away, result);
    if (home !== away) this.#add(away, home, OPPOSITE[result]);
  }

  /** Share of wins, a draw as half of one. */
  winRate(home: string, away: string): number {
    const { wins, draws, games } = this.record(home, away);
    return games < this.#minGames ? 0.5 : (wins + draws / 2) / games;
  }

  stateDict(): PayoffState {
    return [...this.#records].flatMap(([home, row]) =>
      [...row].map(([away, record]): PayoffState[number] => [home, away, { ...record }]),
    );
  }

  loadStateDict(state: PayoffState): void {
    this.#records.clear();
    for (const [home, away, record] of state) this.#row(home).set(away, { ...record });
  }

  /** A player is gone: nobody asks for its games any more. */
  forget(player: string): void {
    this.#records.delete(player);
    for (const row of this.#records.values()) row.delete(player);
  }

  #add(home: string, away: string, result: GameResult): void {
    const row = this.#row(home);
    const record = row.get(away) ?? { wins: 0, draws: 0, losses: 0, games: 0 };
    for (const what of ["wins", "draws", "losses", "games"] as const) record[what] *= this.#decay;
    record[result] += 1;
    record.games += 1;
    row.set(away, record);
  }

  #row(home: string): Map<string, Record1v1> {
    const row = this.#records.get(home) ?? new Map<string, Record1v1>();
    this.#records.set(home, row);
    return row;
  }
}

const OPPOSITE: Record<GameResult, GameResult> = { wins: "losses", draws: "draws", losses: "wins" };
