import type { Clock } from "../../core/clock.ts";
import { DingError, NetworkError } from "../../core/errors.ts";
import { encodeFrame } from "../../protocol/codec.ts";
import {
  isEntryNote,
  isMeshBegin,
  isMeshLack,
  isNodeRecords,
  type MeshBegin,
  type EntryNote,
  type MeshGreeting,
  type MeshLack,
  type NodeRecord,
} from "../../protocol/task-mesh.ts";
import { KIND, type Message } from "../../rpc/message.ts";
import type { Session } from "../../rpc/session.ts";
import { Fifo } from "../../core/fifo.ts";
import type { Said } from "../mesh/feed.ts";

/** How a node went. */
export type Farewell = "leave" | "crash";

/** What is heard on a line. */
export interface LineEvents {
  begin(line: Line, begin: MeshBegin): void;
  records(line: Line, records: NodeRecord[]): void;
  /** Resolves when it has been taken; undefined is at once. Throws when it is broken. */
  entry(line: Line, note: EntryNote, body: Uint8Array): Promise<void> | undefined;
  missed(line: Line, events: number): void;
  /** The other end has handled everything up to this entry. */
  taken(line: Line, seq: number): void;
  /** Somebody lacks entries, of this node or of another. */
  lacked(line: Line, lack: MeshLack): void;
  /** The link broke, or stands again. */
  interrupted(line: Line): void;
  resumed(line: Line): void;
  /** Once; everything that had come has been handled. */
  ended(line: Line, farewell: Farewell | undefined, error: DingError | undefined): void;
}

/** The methods and events of a line. */
const WORD = {
  BEGIN: "begin",
  RECORDS: "records",
  ENTRY: "entry",
  MISSED: "missed",
  TAKEN: "taken",
  LACK: "lack",
  RESUMED: "resumed",
  LEAVE: "leave",
  CRASH: "crash",
} as const;

/** So much is taken before the other end is told at once; less may wait for company. */
const TAKEN_ENTRIES = 64;
const TAKEN_BYTES = 1024 * 1024;
const TAKEN_MS = 10;
/** An honest end stops long before. */
const MOST_QUEUED_BYTES = 256 * 1024 * 1024;

/** What is known of a line when it opens. */
export interface LineOptions {
  session: Session;
  peer: MeshGreeting;
  /** Did this end dial? */
  isDialled: boolean;
  events: LineEvents;
  clock: Clock;
  /** Of this end. */
  boot: string;
}

/** What stands before a large body in its frame: list, kind and number, name, note, length. */
const FIXED_HEAD_BYTES = 7 + 1 + WORD.ENTRY.length + 5;

/** How many bytes stand before the body of an own entry with this note, where it is large. */
export function headBytes(note: EntryNote): number {
  return FIXED_HEAD_BYTES + encodeFrame(shortOf(note)).length;
}

function shortOf([to, seq]: EntryNote): [to: number | null, seq: number] {
  return [to, seq];
}

type Call = Extract<Message, [typeof KIND.CALL, ...unknown[]]>;

/** The conversation with one direct neighbour, over a session. */
export class Line {
  readonly peer: MeshGreeting;
  readonly session: Session;
  readonly isDialled: boolean;
  /** The last entry of the other end's log that has been handled. */
  cursor = 0;
  hasBegun = false;
  /** Resolves when its session has ended. */
  readonly closed: Promise<void>;
  readonly #closed = Promise.withResolvers<void>();
  readonly #events: LineEvents;
  readonly #queue = new Fifo<Call>();
  #queuedBytes = 0;
  #isBusy = false;
  #untoldEntries = 0;
  #untoldBytes = 0;
  #timer: Disposable | undefined;
  readonly #clock: Clock;
  readonly #boot: string;
  #farewell: Farewell | undefined;
  #end: { error: DingError | undefined } | undefined;

  constructor({ session, peer, isDialled, events, clock, boot }: LineOptions) {
    this.#boot = boot;
    this.#clock = clock;
    this.session = session;
    this.peer = peer;
    this.isDialled = isDialled;
    this.#events = events;
    this.closed = this.#closed.promise;
  }

  sayBegin(begin: MeshBegin): void {
    this.session.send([KIND.CALL, 0, WORD.BEGIN, begin, undefined]);
  }

  sayRecords(records: NodeRecord[]): void {
    this.session.send([KIND.CALL, 0, WORD.RECORDS, records, undefined]);
  }

  say(said: Said): void {
    if (said.kind === "event") {
      const { seq, body } = said.event;
      const note = said.event.note as EntryNote;
      const told = note[3] === this.#boot && note.length === 5 ? shortOf(note) : note;
      this.session.send([KIND.CALL, seq, WORD.ENTRY, told, body]);
    } else {
      this.session.send([KIND.CALL, said.upTo, WORD.MISSED, said.events, undefined]);
    }
  }

  sayLack(lack: MeshLack): void {
    this.session.send([KIND.CALL, 0, WORD.LACK, lack, undefined]);
  }

  sayResumed(): void {
    this.session.send([KIND.EVENT, 0, WORD.RESUMED, undefined]);
  }

  sayFarewell(farewell: Farewell): void {
    this.session.send([KIND.EVENT, 0, farewell, undefined]);
  }

  /** For the session: a message has come. */
  receive(message: Message): void {
    if (message[0] === KIND.EVENT) return this.#onEvent(message[1], message[2]);
    if (message[0] !== KIND.CALL) throw broken("no word of a node");
    switch (message[2]) {
      case WORD.ENTRY:
      case WORD.MISSED:
        this.#queuedBytes += message[4]?.length ?? 0;
        if (this.#queuedBytes > MOST_QUEUED_BYTES) throw broken("more than may be on its way");
        this.#queue.push(message);
        if (!this.#isBusy) this.#goOn();
        return;
      case WORD.BEGIN: {
        const begin = message[3];
        if (!isMeshBegin(begin) || this.hasBegun) throw broken("its beginning");
        this.hasBegun = true;
        return this.#events.begin(this, begin);
      }
      case WORD.RECORDS: {
        const records = message[3];
        if (!isNodeRecords(records)) throw broken("what it knows of others");
        return this.#events.records(this, records);
      }
      case WORD.LACK: {
        const lack = message[3];
        if (!isMeshLack(lack)) throw broken("what it lacks");
        return this.#events.lacked(this, lack);
      }
      default:
        throw broken(`"${message[2].slice(0, 40)}"`);
    }
  }

  onInterrupted(): void {
    this.#events.interrupted(this);
  }

  onResumed(): void {
    this.sayResumed();
    this.#events.resumed(this);
  }

  onEnded(error: DingError | undefined): void {
    this.#end = { error };
    this.#closed.resolve();
    this.#timer?.[Symbol.dispose]();
    if (!this.#isBusy) this.#tellEnd();
  }

  #onEvent(id: number, name: string): void {
    if (name === WORD.TAKEN) this.#events.taken(this, id);
    else if (name === WORD.RESUMED) this.#events.resumed(this);
    else if (name === WORD.LEAVE || name === WORD.CRASH) this.#farewell = name;
    else throw broken(`"${name.slice(0, 40)}"`);
  }

  /** One after the other; as long as nothing has to be waited for, in this turn. */
  #goOn(): void {
    this.#isBusy = true;
    try {
      for (let next = this.#queue.take(); next; next = this.#queue.take()) {
        const taking = this.#take(next);
        if (!taking) continue;
        const fail = (thrown: unknown): void => this.#fail(thrown);
        taking.then(() => this.#goOn(), fail);
        return;
      }
    } catch (thrown) {
      return this.#fail(thrown);
    }
    this.#isBusy = false;
    this.#tellEnd();
  }

  #take(message: Call): Promise<void> | undefined {
    const [, seq, word, meta, body] = message;
    const bytes = body?.length ?? 0;
    this.#queuedBytes -= bytes;
    let taking: Promise<void> | undefined;
    if (word === WORD.MISSED) {
      this.#events.missed(this, typeof meta === "number" ? meta : 0);
    } else {
      const note = this.#noteOf(meta);
      if (!isEntryNote(note) || !body) throw broken("an event");
      taking = this.#events.entry(this, note, body);
    }
    const done = (): void => {
      this.cursor = Math.max(this.cursor, seq);
      this.#untoldEntries += 1;
      this.#untoldBytes += bytes;
      const isDue = this.#untoldEntries >= TAKEN_ENTRIES || this.#untoldBytes >= TAKEN_BYTES;
      if (isDue) this.#tellTaken();
      else this.#timer ??= this.#clock.after(TAKEN_MS, this.#tellTaken);
    };
    if (taking) return taking.then(done);
    done();
    return undefined;
  }

  /** Of its own entries the other end says only for whom they are, and their number. */
  #noteOf(meta: unknown): unknown {
    if (!Array.isArray(meta) || meta.length !== 2) return meta;
    const { nodeId, boot } = this.peer;
    return [meta[0], meta[1], nodeId, boot, 0];
  }

  readonly #tellTaken = (): void => {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#untoldEntries = this.#untoldBytes = 0;
    this.session.send([KIND.EVENT, this.cursor, WORD.TAKEN, undefined]);
  };

  #tellEnd(): void {
    const end = this.#end;
    if (!end) return;
    this.#end = undefined;
    this.#events.ended(this, this.#farewell, end.error);
  }

  /** What one end does not understand the other must not say again. */
  #fail(thrown: unknown): void {
    this.#isBusy = false;
    this.#queue.clear();
    this.session.end(DingError.from(thrown));
    this.#tellEnd();
  }
}

function broken(what: string): NetworkError {
  return new NetworkError(
    "network.protocol",
    `Cannot understand node: ${what} is not as it should be`,
  );
}
