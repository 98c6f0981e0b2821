import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../core/clock.ts";
import { DingError } from "../../core/errors.ts";
import type {
  Capability,
  CheckedJob,
  Driver,
  DriverTerms,
  PurgeScope,
  RetryTerms,
  Taken,
} from "../driver.ts";
import type { DeadJob, Lease, Pushed, QueueStats, SeenJob } from "../job.ts";
import { FileSync } from "./file-sync.ts";
import { FileWatch } from "./file-watch.ts";
import { GroupCommit, type StepTerms } from "./group-commit.ts";
import { SameFile } from "./same-file.ts";
import { openSchema } from "./schema.ts";
import { sqliteFault } from "./sqlite-fault.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { prepareStatements } from "./statements.ts";
import { Takings } from "./takings.ts";

/** Where the jobs are. */
export interface SqliteFile {
  path: string;
  /** The queue's name within the file. */
  queue: string;
  /** The URL as it may be shown. */
  shown: string;
  /** How large the file may grow, in SQLite's pages; default as large as the disk allows. */
  maxPages?: number;
}

/** While it is opened another process may make the tables, or tidy up as the last one that leaves. */
const OPEN_TIMEOUT_MS = 10_000;

const LASTING: StepTerms = { mustLast: true };
const BRIEF: StepTerms = { mustLast: false };

interface Opened {
  db: DatabaseSync;
  store: SqliteStore;
  sync: FileSync;
  commits: GroupCommit;
  file: SameFile;
  version: () => number;
}

/**
 * A queue in a file, for all processes of one machine: `sqlite:./jobs.db`. What was promised is on the disk. All that
 * a turn of the event loop asks for is one transaction.
 */
export class SqliteDriver implements Driver {
  readonly can: ReadonlySet<Capability> = new Set<Capability>([
    "lease",
    "priority",
    "delay",
    "key",
    "dead",
    "peek",
  ]);
  readonly #file: SqliteFile;
  readonly #terms: DriverTerms;
  readonly #clock: Clock;
  readonly #watchers = new Set<() => void>();
  #opened: Opened | undefined;
  /** Did the last take bring all that it was asked for? Then there is more. */
  #wasFull = false;
  /** The time of the transaction that is being written. */
  #transactionMs: number | undefined;

  constructor(file: SqliteFile, terms: DriverTerms, clock: Clock) {
    this.#file = file;
    this.#terms = terms;
    this.#clock = clock;
  }

  async open(): Promise<void> {
    let db: DatabaseSync | undefined;
    try {
      db = new DatabaseSync(this.#file.path, { timeout: OPEN_TIMEOUT_MS });
      this.#opened = this.#openTables(db);
    } catch (error) {
      db?.close();
      throw sqliteFault(error, "open", this.#file.shown);
    }
  }

  async push(jobs: readonly CheckedJob[]): Promise<Pushed[]> {
    const onWritten = (): void => this.#nudge();
    const terms = { mustLast: true, onWritten };
    this.#open().file.check();
    const pushed = await this.#write((store, nowMs) => store.push(jobs, nowMs), terms);
    this.#nudge();
    return pushed;
  }

  async take(max: number, leaseMs: number): Promise<Taken> {
    const nothing = this.#wasFull ? undefined : this.#nothing(this.#now());
    if (nothing) {
      this.#open().file.check();
      return { jobs: [], ...nothing };
    }
    const taken = await this.#write((store, nowMs) => store.take(max, leaseMs, nowMs), BRIEF);
    this.#wasFull = taken.jobs.length === max;
    return taken;
  }

  async ack(lease: Lease, onWritten?: () => void): Promise<void> {
    const terms = { mustLast: true, isPatient: onWritten !== undefined, onWritten };
    await this.#write((store, nowMs) => store.ack(lease, nowMs), terms);
  }

  async extend(lease: Lease, leaseMs: number): Promise<void> {
    await this.#write((store, nowMs) => store.extend(lease, leaseMs, nowMs), BRIEF);
  }

  async retry(lease: Lease, terms: RetryTerms): Promise<"retried" | "dead"> {
    const fate = await this.#write((store, nowMs) => store.retry(lease, terms, nowMs));
    this.#nudge();
    return fate;
  }

  async release(lease: Lease): Promise<void> {
    await this.#write((store, nowMs) => store.release(lease, nowMs), BRIEF);
    this.#nudge();
  }

  async deadLetter(lease: Lease, reason: string): Promise<void> {
    await this.#write((store, nowMs) => store.deadLetter(lease, reason, nowMs));
  }

  async stats(): Promise<QueueStats> {
    this.#open().file.check();
    return await this.#write((store, nowMs) => store.stats(nowMs), BRIEF);
  }

  async peek(max: number): Promise<SeenJob[]> {
    return await this.#write((store, nowMs) => store.peek(max, nowMs), BRIEF);
  }

  async dead(max: number): Promise<DeadJob[]> {
    return this.#read((store) => store.dead(max));
  }

  async redrive(ids: readonly string[] | undefined): Promise<number> {
    const count = await this.#write((store) => store.redrive(ids));
    this.#nudge();
    return count;
  }

  async purge(scope: PurgeScope): Promise<number> {
    return await this.#write((store) => store.purge(scope));
  }

  watch(nudge: () => void): Disposable {
    const { version } = this.#open();
    this.#watchers.add(nudge);
    const others = new FileWatch(version, this.#clock, nudge);
    return {
      [Symbol.dispose]: () => {
        others[Symbol.dispose]();
        this.#watchers.delete(nudge);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened?.commits.settled();
    await this.#opened?.sync[Symbol.asyncDispose]();
    this.#opened?.db.close();
    this.#opened = undefined;
  }

  #openTables(db: DatabaseSync): Opened {
    const { queue, shown, maxPages } = this.#file;
    // NORMAL: SQLite itself waits for the disk only where the file could break; `sync` waits where it was promised.
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    // What is written goes over into the file, for which all wait, only when there are 16 MB of it.
    db.exec("PRAGMA wal_autocheckpoint = 4000");
    if (maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${maxPages}`);
    const number = openSchema(db, queue, shown);
    const store = new SqliteStore(
      prepareStatements(db, number),
      new Takings(db, number),
      this.#terms,
    );
    const sync = new FileSync(`${this.#file.path}-wal`);
    const commits = new GroupCommit(db, {
      clock: this.#clock,
      sync,
      finish: () => {
        this.#transactionMs = undefined;
        store.finish();
      },
      undo: () => {
        this.#transactionMs = undefined;
        store.undo();
      },
    });
    const dataVersion = db.prepare("PRAGMA data_version");
    const file = new SameFile(this.#file);
    const version = (): number => {
      file.check();
      return Number(dataVersion.get()?.["data_version"]);
    };
    // From now on nobody waits inside SQLite: that would stop the whole process.
    db.exec("PRAGMA busy_timeout = 0");
    return { db, store, sync, commits, file, version };
  }

  async #write<T>(
    run: (store: SqliteStore, nowMs: number) => T,
    terms: StepTerms = LASTING,
  ): Promise<T> {
    const { store, commits } = this.#open();
    try {
      // One time for all of a transaction: nobody else can do anything meanwhile.
      return await commits.add(() => run(store, (this.#transactionMs ??= this.#now())), terms);
    } catch (error) {
      throw sqliteFault(error, "write to", this.#file.shown);
    }
  }

  /** When to come again, if there is nothing to take now; so to look keeps nobody from writing. */
  #nothing(nowMs: number): Pick<Taken, "againInMs"> | undefined {
    return this.#read((store) => (store.hasWork(nowMs) ? undefined : store.again(nowMs)));
  }

  #read<T>(run: (store: SqliteStore) => T): T {
    try {
      return run(this.#open().store);
    } catch (error) {
      throw sqliteFault(error, "read", this.#file.shown);
    }
  }

  #open(): Opened {
    if (this.#opened) return this.#opened;
    throw new DingError("state.invalid", `Cannot use queue "${this.#file.shown}": it is closed`);
  }

  #now(): number {
    return Math.floor(this.#clock.now());
  }

  #nudge(): void {
    for (const nudge of this.#watchers) nudge();
  }
}
