import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { messageOf } from "../src/core/errors.ts";

/** Where a log file stands, and how much is kept. */
export interface LogFileOptions {
  folder: string;
  /** The file is `NAME_2024-05-31.log`. */
  name: string;
  extension: "log" | "err";
  /** A longer file is put aside as `NAME_2024-05-31.log.1`, `.2` and so on. */
  maxBytes: number;
  /** How many files of this name there may be, the current one included. */
  keep: number;
  /** Told once when writing begins to fail, and again only after it has worked. */
  onTrouble: (message: string) => void;
  /** For tests: milliseconds since 1970. */
  now?: () => number;
}

const LOOK_EVERY_MS = 1_000;

/**
 * A file for lines, a new one each day (UTC) and when it is full. What cannot be written is lost
 * and counted; it never ends the program. Lines are written together at the end of the event
 * loop's turn, and when the program exits. Files that others have moved away are begun again.
 */
export class LogFile implements Disposable {
  readonly #options: Required<LogFileOptions>;
  #fd: number | undefined;
  #date = "";
  #size = 0;
  #lookedAt = 0;
  #pending: string[] = [];
  #lost = 0;
  #isInLine = false;
  readonly #onExit = (): void => this.#flush();

  /** Begins the file or goes on with it; throws what the system says when that cannot be done. */
  constructor(options: LogFileOptions) {
    this.#options = { now: Date.now, ...options };
    this.#open();
    process.on("exit", this.#onExit);
  }

  /** The line without its end. */
  write(line: string): void {
    if (this.#pending.length === 0) setImmediate(() => this.#flush());
    this.#pending.push(`${line}\n`);
  }

  [Symbol.dispose](): void {
    this.#flush();
    process.off("exit", this.#onExit);
    this.#close();
  }

  get #path(): string {
    const { folder, name, extension } = this.#options;
    return join(folder, `${name}_${this.#date}.${extension}`);
  }

  #flush(): void {
    const lines = this.#pending.splice(0);
    if (lines.length === 0) return;
    let written = 0;
    try {
      this.#lookAfter();
      if (this.#lost > 0) this.#append(this.#lostLine());
      for (const chunk of this.#chunks(lines)) {
        this.#append(chunk.join(""));
        written += chunk.length;
      }
      this.#lost = 0;
    } catch (thrown) {
      const isNew = this.#lost === 0;
      this.#lost += lines.length - written;
      if (isNew) this.#options.onTrouble(`Cannot write to ${this.#path}: ${messageOf(thrown)}`);
    }
  }

  /** A burst of lines is parted where the file is full. */
  *#chunks(lines: string[]): Generator<string[]> {
    let chunk: string[] = [];
    let size = this.#size;
    for (const line of lines) {
      const bytes = Buffer.byteLength(line);
      if (size > 0 && size + bytes > this.#options.maxBytes) {
        if (chunk.length > 0) yield chunk;
        this.#putAside();
        chunk = [];
        size = 0;
      }
      chunk.push(line);
      size += bytes;
    }
    if (chunk.length > 0) yield chunk;
  }

  #append(text: string): void {
    const bytes = Buffer.from(this.#isInLine ? `\n${text}` : text);
    let at = 0;
    // A disk that is nearly full takes a part.
    while (at < bytes.length) {
      this.#isInLine = at > 0;
      at += writeSync(this.#fd ?? this.#open(), bytes, at);
    }
    this.#isInLine = false;
    this.#size += bytes.length;
  }

  #lostLine(): string {
    const time = new Date(this.#options.now()).toISOString();
    const message = `${this.#lost} log lines were lost: they could not be written`;
    return `${JSON.stringify({ time, level: "warn", message })}\n`;
  }

  /** A new day, or a file that was moved or removed: goes on in a new file. */
  #lookAfter(): void {
    const now = this.#options.now();
    if (this.#fd !== undefined && this.#date === dateOf(now)) {
      if (now - this.#lookedAt < LOOK_EVERY_MS && now >= this.#lookedAt) return;
      this.#lookedAt = now;
      if (this.#isInPlace()) return;
    }
    this.#close();
    this.#open();
  }

  #isInPlace(): boolean {
    const own = fstatSync(this.#fd ?? -1);
    const there = statSync(this.#path, { throwIfNoEntry: false });
    return there?.ino === own.ino && there.dev === own.dev;
  }

  /** Another program with the same log may have been faster. */
  #putAside(): void {
    if (this.#fd !== undefined && this.#isInPlace()) {
      const parts = this.#files().filter(
        ({ date, part }) => date === this.#date && part < Infinity,
      );
      renameSync(this.#path, `${this.#path}.${(parts[0]?.part ?? 0) + 1}`);
    }
    this.#close();
    this.#open();
  }

  #open(): number {
    this.#date = dateOf(this.#options.now());
    mkdirSync(this.#options.folder, { recursive: true });
    // For the operator alone: what requests hold may stand in it.
    this.#fd = openSync(this.#path, "a", 0o640);
    this.#size = fstatSync(this.#fd).size;
    this.#lookedAt = this.#options.now();
    const old = this.#files().slice(this.#options.keep);
    for (const { file } of old) rmSync(join(this.#options.folder, file), { force: true });
    return this.#fd;
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** The files of this name, the newest first. */
  #files(): { file: string; date: string; part: number }[] {
    const { folder, name, extension } = this.#options;
    const rest = /^_(\d{4}-\d\d-\d\d)\.(log|err)(?:\.(\d+))?$/;
    return readdirSync(folder)
      .filter((file) => file.startsWith(name))
      .flatMap((file) => {
        const [, date = "", kind, part] = rest.exec(file.slice(name.length)) ?? [];
        return kind === extension ? [{ file, date, part: part ? Number(part) : Infinity }] : [];
      })
      .sort((a, b) => (a.date === b.date ? b.part - a.part : a.date < b.date ? 1 : -1));
  }
}

function dateOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
