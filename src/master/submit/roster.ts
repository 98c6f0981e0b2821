import { backoffMs, type Backoff } from "../../core/retry.ts";
import { Pace } from "./pace.ts";
import { newSlaveEntry, type SlaveEntry, type SlaveRoom } from "./slave-entry.ts";

/** How the roster treats its slaves. */
export interface RosterOptions {
  /** No slave at all for so long is the end; undefined waits for ever, for slaves that dial in. */
  unreachableMs: number | undefined;
  /** The same once enough slaves were there: one that reboots is worth waiting for. */
  awayMs: number | undefined;
  /** Nothing is handed out before so many were there at once. */
  minSlaves: number;
  /** Most tasks at a time on one slave, at its own risk. */
  inFlight?: number | undefined;
  /** Keeps tasks out of the slaves' queues, where the time of a task would run while it waits. */
  avoidQueues: boolean;
  redial: Backoff;
  random?: (() => number) | undefined;
}

const ALONE_MAX_MS = 1_000;
const BUSY: Backoff = { minMs: 20, maxMs: 2_000, jitter: 0.2 };

/** Knows which slaves are there, when to dial the others, and which of them takes a task next. Pure: time comes in. */
export class Roster {
  readonly #options: RosterOptions;
  readonly #pace = new Pace();
  readonly #slaves = new Map<string, SlaveEntry>();
  /** Those that are up and have room, the one that waits longest first. */
  readonly #open = new Set<SlaveEntry>();
  readonly #busy = new Set<SlaveEntry>();
  readonly #away = new Set<SlaveEntry>();
  #up = 0;
  #hadQuorum = false;
  #aloneSince: number;
  /** The time that one may wait for a first slave has passed. */
  #isOverdue = false;

  constructor(options: RosterOptions, now: number) {
    this.#options = options;
    this.#aloneSince = now;
  }

  get size(): number {
    return this.#slaves.size;
  }

  get upCount(): number {
    return this.#up;
  }

  /** True once enough slaves were there; later losses do not take it back. */
  get hasQuorum(): boolean {
    return this.#hadQuorum;
  }

  /** How long it may do without enough slaves; undefined is for ever. */
  get patienceMs(): number | undefined {
    return this.#hadQuorum ? this.#options.awayMs : this.#options.unreachableMs;
  }

  get hasOpen(): boolean {
    return this.#open.size > 0;
  }

  /** Why each slave that is not there is not there. */
  *missing(): Generator<{ name: string; reason: string; isFinal: boolean }> {
    for (const { name, reason, state } of this.#slaves.values()) {
      if (state !== "up") yield { name, reason, isFinal: state === "gone" };
    }
  }

  /** A slave to dial, as soon as possible. */
  add(name: string, now: number): void {
    const slave = newSlaveEntry(name, now);
    this.#slaves.set(name, slave);
    this.#away.add(slave);
  }

  /** The slave is connected; one that was not on the list has dialled in. */
  up(name: string, room: SlaveRoom, now: number): SlaveEntry {
    if (!this.#slaves.has(name)) this.add(name, now);
    const slave = this.#entry(name);
    if (slave.state !== "up") this.#up += 1;
    if (this.#up >= this.#options.minSlaves) this.#hadQuorum = true;
    slave.state = "up";
    this.#away.delete(slave);
    slave.isRoomKnown = room.concurrency !== undefined;
    slave.concurrency = Math.max(1, room.concurrency ?? 1);
    slave.queueLimit = Math.max(0, room.queueLimit ?? 0);
    slave.notBefore = now;
    slave.isLeaving = false;
    this.#refresh(slave);
    return slave;
  }

  /** The slave is lost, or could not be dialled; `isFinal` when there is no use in dialling it again. */
  down(name: string, now: number, { reason, isFinal }: { reason: string; isFinal: boolean }): void {
    const slave = this.#entry(name);
    if (slave.state === "up") {
      this.#up -= 1;
      if (this.#up === 0) this.#beAlone(now);
    }
    slave.state = isFinal ? "gone" : "away";
    if (!isFinal) this.#away.add(slave);
    slave.reason = reason;
    slave.failures += 1;
    slave.notBefore = now + this.#redialMs(slave.failures);
    this.#busy.delete(slave);
    this.#refresh(slave);
  }

  /** Slaves whose time to be dialled has come; each is `dialling` from here on. */
  dialsDue(now: number): string[] {
    const due: string[] = [];
    for (const slave of this.#away) {
      if (slave.notBefore > now) continue;
      this.#away.delete(slave);
      slave.state = "dialling";
      due.push(slave.name);
    }
    return due;
  }

  /** The open slave with least to do that may have the task; one to be avoided only if there is no other. */
  pick(not: {
    refusedBy?: ReadonlySet<string> | undefined;
    avoid?: string | undefined;
  }): SlaveEntry | undefined {
    let best: SlaveEntry | undefined;
    let bestLoad = Infinity;
    for (const slave of this.#open) {
      if (not.refusedBy?.has(slave.name)) continue;
      const load = slave.held / slave.concurrency + (slave.name === not.avoid ? 1e6 : 0);
      if (load >= bestLoad) continue;
      [best, bestLoad] = [slave, load];
      if (load === 0) break;
    }
    return best;
  }

  /** True when a slave has not refused the task that is up, with room or not, or is about to be reached for the first time. */
  hasOther(refusedBy: ReadonlySet<string>): boolean {
    for (const { name, state, failures, isLeaving } of this.#slaves.values()) {
      const isNew = failures === 0 && (state === "away" || state === "dialling");
      const isHere = state === "up" && !isLeaving;
      if ((isHere || isNew) && !refusedBy.has(name)) return true;
    }
    return false;
  }

  /** The slave was given a task. */
  take(slave: SlaveEntry): void {
    slave.held += 1;
    this.#open.delete(slave);
    this.#refresh(slave);
  }

  /** The slave holds a task less; `ms` if it worked on it, for so long. */
  giveBack(slave: SlaveEntry, ended?: { ms: number; held: number }): void {
    slave.held -= 1;
    if (ended) {
      slave.failures = 0;
      this.#pace.add(ended.ms, { concurrency: slave.concurrency, held: ended.held });
    }
    // Something ended there, so there may be room now.
    if (slave.state === "up") this.#busy.delete(slave);
    this.#refresh(slave);
  }

  /** The slave said that it is busy: it is asked again later, sooner if a task of ours ends there. */
  wasBusy(slave: SlaveEntry, now: number): void {
    slave.held -= 1;
    if (slave.state !== "up") return;
    slave.failures += 1;
    slave.notBefore = now + backoffMs(BUSY, slave.failures, this.#options.random);
    this.#busy.add(slave);
    this.#refresh(slave);
  }

  /** The slave said that it takes nothing more: it is asked again when it has gone and come back. */
  wasLeaving(slave: SlaveEntry): void {
    slave.held -= 1;
    if (slave.state === "up") slave.isLeaving = true;
    this.#refresh(slave);
  }

  /** Offers tasks again to those that were busy long enough ago. */
  unblock(now: number): void {
    for (const slave of this.#busy) {
      if (slave.notBefore > now) continue;
      this.#busy.delete(slave);
      this.#refresh(slave);
    }
  }

  /**
   * True when nobody is there, nor will be within the time that one may wait. A
   * slave that is being dialled may be there yet: the dial itself is bounded, and
   * takes longer only while the slave says that it is still loading.
   */
  isUnreachable(now: number): boolean {
    const { minSlaves } = this.#options;
    const { patienceMs } = this;
    this.#isOverdue = false;
    if (patienceMs === undefined || this.#up >= (this.#hadQuorum ? 1 : minSlaves)) return false;
    const deadline = this.#aloneSince + patienceMs;
    this.#isOverdue = now >= deadline;
    let possible = this.#up;
    for (const { state, notBefore } of this.#slaves.values()) {
      const isAwaited = state === "away" && !this.#isOverdue && notBefore < deadline;
      if (state === "dialling" || isAwaited) possible += 1;
    }
    return possible < (this.#hadQuorum ? 1 : minSlaves);
  }

  /** The next moment at which something is due here. */
  wakeAt(): number {
    let at = Infinity;
    for (const slave of this.#away) at = Math.min(at, slave.notBefore);
    for (const slave of this.#busy) at = Math.min(at, slave.notBefore);
    const { minSlaves } = this.#options;
    const { patienceMs } = this;
    const isShort = this.#up < (this.#hadQuorum ? 1 : minSlaves);
    // Past it, only the end of a dial decides.
    const isAhead = patienceMs !== undefined && !this.#isOverdue;
    if (isAhead && isShort) at = Math.min(at, this.#aloneSince + patienceMs);
    return at;
  }

  #refresh(slave: SlaveEntry): void {
    const isWilling = slave.state === "up" && !slave.isLeaving && !this.#busy.has(slave);
    const isOpen = isWilling && slave.held < this.#roomOf(slave);
    if (isOpen) this.#open.add(slave);
    else this.#open.delete(slave);
  }

  #roomOf({ concurrency, queueLimit, isRoomKnown }: SlaveEntry): number {
    const { inFlight, avoidQueues } = this.#options;
    if (!isRoomKnown) return inFlight ?? concurrency;
    if (avoidQueues) return Math.min(inFlight ?? concurrency, concurrency);
    const ahead = inFlight === undefined ? this.#pace.ahead(concurrency) : Infinity;
    return Math.min(inFlight ?? Infinity, concurrency + Math.min(queueLimit, ahead));
  }

  /** With nobody left it is no time for long waits. */
  #beAlone(now: number): void {
    this.#aloneSince = now;
    for (const slave of this.#away) {
      slave.notBefore = Math.min(slave.notBefore, now + ALONE_MAX_MS);
    }
  }

  #redialMs(failures: number): number {
    const ms = backoffMs(this.#options.redial, failures, this.#options.random);
    return this.#up === 0 ? Math.min(ms, ALONE_MAX_MS) : ms;
  }

  #entry(name: string): SlaveEntry {
    const slave = this.#slaves.get(name);
    if (!slave) throw new Error(`No slave "${name}" on the roster`);
    return slave;
  }
}
