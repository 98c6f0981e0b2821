import { NetworkError, type DingError } from "../../../src/core/errors.ts";
import type {
  Dialled,
  Fleet,
  Outcome,
  SlaveHandle,
  TaskHandle,
} from "../../../src/master/submit/fleet.ts";
import type { FakeClock } from "../../support/fake-clock.ts";

/** What a fake slave does with a task. */
export type Behaviour = (
  data: unknown,
  task: { id: string; attempt: number },
) => Outcome & { ms?: number };

/** A task that goes well, or ends as told. */
export function outcome(
  result: unknown,
  more: Partial<Outcome & { ms: number }> = {},
): ReturnType<Behaviour> {
  return { verdict: "completed", status: "COMPLETED", result, ...more };
}

interface FakeSlave {
  isThere: boolean;
  concurrency: number;
  queueLimit: number;
  behaviour: Behaviour;
  close: ((reason: string) => void) | undefined;
  refusal?: DingError;
}

/** Slaves without sockets, on a clock that the test moves. */
export class FakeFleet implements Fleet {
  readonly #clock: FakeClock;
  readonly #slaves = new Map<string, FakeSlave>();
  readonly #live = new Map<string, { slave: string; end: (outcome: Outcome) => void }>();
  #joined: ((name: string, slave: SlaveHandle) => void) | undefined;
  /** Every task that came, as "data@slave". */
  readonly seen: string[] = [];
  readonly ids: string[] = [];
  maxHeld = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** The number of tasks that run now. */
  get live(): number {
    return this.#live.size;
  }

  add(
    name: string,
    behaviour: Behaviour,
    room: { concurrency?: number; queueLimit?: number } = {},
  ): this {
    const { concurrency = 1, queueLimit = 0 } = room;
    const slave = { isThere: true, concurrency, queueLimit, behaviour, close: undefined };
    this.#slaves.set(name, slave);
    return this;
  }

  /** From now on the slave refuses to be connected to. */
  refuse(name: string, refusal: DingError): this {
    this.#slaves.set(name, { ...this.#slave(name), refusal });
    return this;
  }

  /** Nobody is at the slave's address any more; what it ran is lost. */
  kill(name: string): void {
    const slave = this.#slave(name);
    slave.isThere = false;
    slave.close?.("socket closed");
    for (const { slave: on, end } of this.#live.values()) {
      if (on === name) end({ verdict: "lost", status: "LOST", result: null });
    }
  }

  revive(name: string): void {
    this.#slave(name).isThere = true;
  }

  join(name: string): void {
    this.#joined?.(name, this.#connect(name));
  }

  onJoin(joined: (name: string, slave: SlaveHandle) => void): Disposable {
    this.#joined = joined;
    return { [Symbol.dispose]: () => (this.#joined = undefined) };
  }

  async dial(name: string): Promise<Dialled> {
    const slave = this.#slaves.get(name);
    if (slave?.refusal) return { error: slave.refusal, isFinal: true };
    if (slave?.isThere) return { slave: this.#connect(name) };
    const error = new NetworkError("network.unreachable", `Cannot reach ${name}: nobody there`);
    return { error, isFinal: false };
  }

  #connect(name: string): SlaveHandle {
    const slave = this.#slave(name);
    const closed = Promise.withResolvers<string>();
    slave.close = closed.resolve;
    return {
      room: { concurrency: slave.concurrency, queueLimit: slave.queueLimit },
      closed: closed.promise,
      begin: (data, task) => this.#begin(name, data, task),
    };
  }

  #begin(name: string, data: unknown, task: { id: string; attempt: number }): TaskHandle {
    const ended = Promise.withResolvers<Outcome>();
    const end = (outcome: Outcome): void => {
      this.#live.delete(task.id);
      ended.resolve(outcome);
    };
    this.seen.push(`${JSON.stringify(data)}@${name}`);
    this.ids.push(task.id);
    this.#live.set(task.id, { slave: name, end });
    this.maxHeld = Math.max(this.maxHeld, this.#live.size);
    const { ms = 10, ...told } = this.#slave(name).behaviour(data, task);
    this.#clock.after(ms, () => end(told));
    const cancelled = { verdict: "cancelled", status: "CANCELLED", result: null } as const;
    return { ended: ended.promise, cancel: () => void this.#clock.after(1, () => end(cancelled)) };
  }

  #slave(name: string): FakeSlave {
    const slave = this.#slaves.get(name);
    if (!slave) throw new Error(`No fake slave "${name}"`);
    return slave;
  }
}
