import { z } from "zod";

const space = z.int().min(1);

/** What collectors are told, for each new task anew where it is a function. */
export type CollectSetting =
  | Readonly<Record<string, unknown>>
  | ((state: CollectState) => Readonly<Record<string, unknown>>);

/** What a function that makes settings may go by. */
export interface CollectState {
  readonly envSteps: number;
  readonly learnerStep: number;
  readonly policyVersion: number;
}

const collect = z.custom<CollectSetting>(
  (value) => typeof value === "function" || (typeof value === "object" && value !== null),
  "expected an object, or a function that gives one",
);

/** What both built-in commanders read. */
const shared = {
  /** Unset: as many as there are collectors. */
  collectorTaskSpace: space.optional(),
  learnerTaskSpace: space.default(1),
  /** Seconds. */
  evalInterval: z.number().min(0).default(60),
  evalEpisodes: space.default(10),
  stopValue: z.number().optional(),
  collect: collect.default({}),
};

/** The settings of "solo". */
export const soloSettings = z.strictObject({ type: z.unknown().optional(), ...shared });

/** What "solo" is told. */
export type SoloSettings = z.output<typeof soloSettings>;

/** The league of "oneVsOne". */
export const leagueSettings = z.strictObject({
  /** Versions of the weights in a phase. */
  onePhaseStep: space.default(2000),
  /** Above this, against every past player, one phase is enough for a snapshot. */
  strongWinRate: z.number().min(0).max(1).default(0.7),
  /** Chance that a game is against a past player; otherwise it is against itself. */
  pfsp: z.number().min(0).max(1).default(0.5),
  /** How past players are weighted: by (1 − w)², by w(1 − w), or alike. */
  weighting: z.enum(["squared", "variance", "uniform"]).default("squared"),
  /** What a game counts for after each later one. */
  decay: z.number().gt(0).max(1).default(0.99),
  /** With fewer games the win rate counts as a half. */
  minWinRateGames: space.default(8),
  gamesPerTask: space.default(16),
  /** Past players at most; the oldest but the first goes. */
  maxPlayers: z.int().min(2).default(64),
  /** Whom evaluations are against, one after the other; default: the first snapshot. */
  evalOpponents: z.array(z.string().min(1)).default([]),
});

/** What its league is told. */
export type LeagueSettings = z.output<typeof leagueSettings>;

/** The settings of "oneVsOne". */
export const oneVsOneSettings = z.strictObject({
  type: z.unknown().optional(),
  ...shared,
  collectorTaskSpace: space.default(2),
  league: leagueSettings.prefault({}),
});

/** What "oneVsOne" is told. */
export type OneVsOneSettings = z.output<typeof oneVsOneSettings>;
