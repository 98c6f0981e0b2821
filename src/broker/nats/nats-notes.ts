import { LEASE_ENDED, withReason } from "../job.ts";
import type { NatsLink } from "./nats-link.ts";
import type { Delivery, Note } from "./nats-message.ts";
import type { NatsNames } from "./nats-names.ts";

const PATIENCE_MS = 30_000;

/** What is known of jobs that were tried: messages cannot be changed, so it is kept beside them, the last word of each. */
export class NatsNotes {
  readonly #link: NatsLink;
  readonly #names: NatsNames;

  constructor(link: NatsLink, names: NatsNames) {
    this.#link = link;
    this.#names = names;
  }

  /** What is known before this delivery; those that nobody has said anything about ended with their leases. */
  async read({ seq, count, facts }: Delivery): Promise<Note> {
    const none: Note = { delivery: 0, skipped: 0, reasons: [...facts.reasons] };
    const note = count > 1 ? ((await this.#last(seq)) ?? none) : none;
    for (let silent = note.delivery + 1; silent < count; silent++) {
      note.reasons = withReason(note.reasons, LEASE_ENDED);
    }
    note.delivery = Math.max(note.delivery, count - 1);
    return note;
  }

  async write(seq: number, note: Note): Promise<void> {
    await this.#link.api(`${this.#names.note}${seq}`, {
      verb: "write to",
      patienceMs: PATIENCE_MS,
      data: JSON.stringify(note),
    });
  }

  /** The job has gone; what stays is forgotten after a while. */
  forget(seq: number): void {
    const filter = JSON.stringify({ filter: `${this.#names.note}${seq}` });
    this.#link.tell(`$JS.API.STREAM.PURGE.${this.#names.notes}`, filter);
  }

  async #last(seq: number): Promise<Note | undefined> {
    const { notes, note } = this.#names;
    const subject = `$JS.API.DIRECT.GET.${notes}.${note}${seq}`;
    const message = await this.#link.ask(subject, { verb: "read", patienceMs: PATIENCE_MS });
    return message.headers?.code ? undefined : message.json<Note>();
  }
}
