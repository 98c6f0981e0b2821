import type { Frame } from "./frame.ts";

export interface AssemblyOptions {
  maxMessageBytes: number;
  /** So many senders are remembered; the one that was silent for longest is forgotten. */
  maxSenders: number;
}

/** What is known of a sender. */
interface Sender {
  /** The latest frame that came. */
  seq: number;
  /** The parts of the message under way; undefined outside one. */
  parts: Uint8Array[] | undefined;
  bytes: number;
}

/** The frames of one topic, from all its senders, made messages again: each once, in order, none with a hole. Pure. */
export class Assembly {
  readonly #options: AssemblyOptions;
  readonly #senders = new Map<string, Sender>();

  constructor(options: AssemblyOptions) {
    this.#options = options;
  }

  /** The message that this frame completes, as bytes of its own; undefined if there is none. */
  add(frame: Frame): Uint8Array | undefined {
    const sender = this.#senderOf(frame);
    if (frame.seq <= sender.seq) return undefined; // said again after a break
    const isNext = frame.seq === sender.seq + 1;
    sender.seq = frame.seq;
    if (frame.isFirst) {
      sender.parts = [];
      sender.bytes = 0;
    } else if (!isNext) {
      sender.parts = undefined;
    }
    if (!sender.parts) return undefined; // a part of it is lost
    sender.bytes += frame.body.length;
    if (sender.bytes > this.#options.maxMessageBytes) {
      sender.parts = undefined;
      return undefined;
    }
    sender.parts.push(frame.body.slice());
    return frame.isLast ? whole(sender) : undefined;
  }

  #senderOf({ sender: name }: Frame): Sender {
    const sender = this.#senders.get(name) ?? { seq: 0, parts: undefined, bytes: 0 };
    // The last one in the map has spoken last.
    this.#senders.delete(name);
    this.#senders.set(name, sender);
    if (this.#senders.size > this.#options.maxSenders) {
      for (const oldest of this.#senders.keys()) {
        this.#senders.delete(oldest);
        break;
      }
    }
    return sender;
  }
}

function whole(sender: Sender): Uint8Array | undefined {
  const parts = sender.parts ?? [];
  sender.parts = undefined;
  if (parts.length === 1) return parts[0];
  const message = new Uint8Array(sender.bytes);
  let at = 0;
  for (const part of parts) {
    message.set(part, at);
    at += part.length;
  }
  return message;
}
