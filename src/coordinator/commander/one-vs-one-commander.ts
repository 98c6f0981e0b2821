import type { OneVsOneSettings } from "../config/commander-settings.ts";
import type { Player } from "../plugin/worker-task.ts";
import type {
  CollectorFinish,
  CollectorInfo,
  CollectorOrder,
  Commander,
  CommanderOptions,
  LearnerFinish,
  LearnerOrder,
  LearnInfo,
  WeightCopy,
  WorkerCounts,
} from "./commander.ts";
import type { TaskRecord } from "../tasks/task-record.ts";
import { League, type LeaguePlayer, type LeagueState } from "./league/league.ts";
import { SoloCommander } from "./solo-commander.ts";

/** Above this share of wins an opponent counts as beaten, and the next, harder one comes. */
const BEATEN = 0.7;

interface OneVsOneState {
  solo: ReturnType<SoloCommander["stateDict"]>;
  league: LeagueState;
  policyId: string | undefined;
  matches: [taskId: string, awayId: string][];
  difficulty: number;
}

/**
 * A league: one main player learns, by games against itself and its past selves, whose weights are kept as policies of
 * their own. A task is `gamesPerTask` games of one match. Evaluations are against `evalOpponents`, from easy to hard, or
 * against the first snapshot; `stopValue` against the last of them ends the run.
 */
export class OneVsOneCommander implements Commander {
  readonly #settings: OneVsOneSettings;
  /** Places, names, evaluations and ends are the same as with one agent. */
  readonly #solo: SoloCommander;
  readonly #league: League;
  readonly #matches = new Map<string, string>();
  #policyId: string | undefined;
  #difficulty = 0;

  constructor(
    settings: OneVsOneSettings,
    options: Pick<CommanderOptions, "seed" | "hasEvaluators">,
  ) {
    const { seed } = options;
    this.#settings = settings;
    const { league: _league, ...solo } = settings;
    this.#solo = new SoloCommander(solo, options);
    this.#league = new League(settings.league, seed + 1);
  }

  nextCollectorTask(now: number): CollectorOrder | null {
    const order = this.#solo.nextCollectorTask(now);
    if (!order) return null;
    return order.kind === "evaluator" ? this.#evaluation(order) : this.#games(order);
  }

  nextLearnerTask(now: number): LearnerOrder | null {
    const order = this.#solo.nextLearnerTask(now);
    if (order && order.policyId !== this.#policyId) {
      this.#policyId = order.policyId;
      this.#league.begin(order.policyId);
    }
    return order;
  }

  judgeCollectorFinish(taskId: string, info: CollectorInfo): boolean {
    return this.#solo.judgeCollectorFinish(taskId, info);
  }

  judgeLearnerFinish(taskId: string, info: LearnInfo): boolean {
    return this.#solo.judgeLearnerFinish(taskId, info);
  }

  finishCollectorTask(taskId: string, result: CollectorFinish): { shutdown: boolean } {
    const awayId = this.#matches.get(taskId);
    this.#matches.delete(taskId);
    if (awayId !== undefined) this.#league.played(awayId, result);
    if (!result.isEval || this.#isHardest) return this.#solo.finishCollectorTask(taskId, result);
    const games = result.wins + result.draws + result.losses;
    if (games > 0 && result.wins / games > BEATEN) this.#difficulty += 1;
    // Whatever it has reached there is not the goal yet.
    this.#solo.finishCollectorTask(taskId, { ...result, rewardMean: -Infinity });
    return { shutdown: false };
  }

  finishLearnerTask(taskId: string, result: LearnerFinish) {
    return this.#solo.finishLearnerTask(taskId, result);
  }

  onTaskFailed(task: TaskRecord): "retry" | "drop" {
    const what = this.#solo.onTaskFailed(task);
    if (what === "drop") this.#matches.delete(task.id);
    return what;
  }

  updateLearnerInfo(taskId: string, info: LearnInfo): void {
    this.#solo.updateLearnerInfo(taskId, info);
    this.#league.learned(info.policyVersion);
  }

  onWorkers(counts: WorkerCounts): void {
    this.#solo.onWorkers(counts);
  }

  increaseCollectorTaskSpace(): void {
    this.#solo.increaseCollectorTaskSpace();
  }

  decreaseCollectorTaskSpace(): void {
    this.#solo.decreaseCollectorTaskSpace();
  }

  takeCopies(): readonly WeightCopy[] {
    return this.#league.takeCopies();
  }

  takeRetired(): readonly string[] {
    return this.#league.takeRetired();
  }

  facts(): Readonly<Record<string, unknown>> {
    const players = this.#league.players.map(({ playerId, policyId, fromVersion, rating }) => ({
      playerId,
      policyId,
      fromVersion,
      rating: rating.mu,
      sigma: rating.sigma,
      winRate: this.#league.payoff.winRate("main", playerId),
    }));
    return { players, difficulty: this.#difficulty };
  }

  wakeAt(now: number): number | undefined {
    return this.#solo.wakeAt(now);
  }

  stateDict(now: number): OneVsOneState {
    return {
      solo: this.#solo.stateDict(now),
      league: this.#league.stateDict(),
      policyId: this.#policyId,
      matches: [...this.#matches],
      difficulty: this.#difficulty,
    };
  }

  loadStateDict(state: OneVsOneState, now: number): void {
    this.#solo.loadStateDict(state.solo, now);
    this.#league.loadStateDict(state.league);
    this.#policyId = state.policyId;
    this.#difficulty = state.difficulty;
    this.#matches.clear();
    for (const [taskId, awayId] of state.matches) this.#matches.set(taskId, awayId);
  }

  hasEnded(): boolean {
    return this.#solo.hasEnded();
  }

  get #isHardest(): boolean {
    return this.#difficulty >= this.#settings.league.evalOpponents.length - 1;
  }

  #games(order: CollectorOrder): CollectorOrder {
    const [main, away] = this.#league.match();
    this.#matches.set(order.taskId, away.playerId);
    const episodes = this.#settings.league.gamesPerTask;
    return { ...order, episodes, players: [playerOf(main), playerOf(away)] };
  }

  #evaluation(order: CollectorOrder): CollectorOrder {
    const { evalOpponents } = this.#settings.league;
    const opponent = evalOpponents[Math.min(this.#difficulty, evalOpponents.length - 1)];
    const [main, first] = this.#league.players;
    if (!main) return order;
    const players = [playerOf(main), ...(opponent === undefined && first ? [playerOf(first)] : [])];
    const setting = {
      ...order.setting,
      ...(opponent === undefined ? {} : { evalOpponent: opponent }),
    };
    return { ...order, players, setting };
  }
}

function playerOf({ playerId, policyId, fromVersion, rating }: LeaguePlayer): Player {
  // A copy is the only version of its policy.
  const version = fromVersion === undefined ? undefined : 1;
  return { playerId, policyId, version, rating: rating.mu };
}
