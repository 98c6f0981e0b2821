import { Link } from "../../link/link.ts";

/** What stands in front of a frame that goes through a broker. */
export const PART = { OPEN: 1, ACCEPT: 2, DATA: 3, CLOSE: 4 } as const;

/** One of them. */
export type PartKind = (typeof PART)[keyof typeof PART];

/** A message in an inbox. */
export interface Posted {
  kind: PartKind;
  /** Names the link; the end that opens it makes it up. */
  link: string;
  /** Whose inbox answers go to. */
  from: string;
  /** Counts the frames of one end. */
  seq: number;
  bytes: Uint8Array;
}

const ID_BYTES = 36;
const HEAD_BYTES = 1 + ID_BYTES + ID_BYTES + 4;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A message as it travels. Both names are UUIDs. */
export function encodePosted({ kind, link, from, seq, bytes }: Posted): Uint8Array {
  const message = new Uint8Array(HEAD_BYTES + bytes.length);
  message[0] = kind;
  encoder.encodeInto(link, message.subarray(1, 1 + ID_BYTES));
  encoder.encodeInto(from, message.subarray(1 + ID_BYTES, 1 + 2 * ID_BYTES));
  new DataView(message.buffer).setUint32(1 + 2 * ID_BYTES, seq);
  message.set(bytes, HEAD_BYTES);
  return message;
}

/** Undefined for what is none. */
export function decodePosted(message: Uint8Array): Posted | undefined {
  const kind = message[0] as PartKind;
  if (message.length < HEAD_BYTES || !Object.values(PART).includes(kind)) return undefined;
  const { buffer, byteOffset, byteLength } = message;
  return {
    kind,
    link: decoder.decode(message.subarray(1, 1 + ID_BYTES)),
    from: decoder.decode(message.subarray(1 + ID_BYTES, 1 + 2 * ID_BYTES)),
    seq: new DataView(buffer, byteOffset, byteLength).getUint32(1 + 2 * ID_BYTES),
    bytes: message.subarray(HEAD_BYTES),
  };
}

/**
 * A link between two nodes through the inboxes that a broker keeps for them. A broker may lose messages: then the link
 * ends, and the session above it takes up a new one where this one ended.
 */
export class BrokerLink extends Link {
  readonly id: string;
  readonly #post: (posted: Omit<Posted, "from">) => Promise<void>;
  #sent = 0;
  #received = 0;

  constructor(id: string, peer: string, post: (posted: Omit<Posted, "from">) => Promise<void>) {
    super(peer);
    this.id = id;
    this.#post = post;
  }

  override send(frame: Uint8Array): boolean {
    if (this.isClosed) return false;
    this.#sent += 1;
    this.#say({ kind: PART.DATA, link: this.id, seq: this.#sent, bytes: frame });
    return true;
  }

  override close(reason: string): void {
    if (this.isClosed) return;
    this.#say({ kind: PART.CLOSE, link: this.id, seq: 0, bytes: encoder.encode(reason) });
    this.ended(reason);
  }

  override terminate(): void {
    this.ended("terminated");
  }

  /** For whoever reads the inbox: a message of this link has come. */
  onPosted({ kind, seq, bytes }: Posted): void {
    if (kind === PART.CLOSE) return this.ended(decoder.decode(bytes) || "closed");
    if (kind !== PART.DATA || this.isClosed) return;
    if (seq !== (this.#received += 1)) return this.ended("the broker lost a message");
    this.arrived(bytes);
  }

  /** The broker is away: nobody knows what arrives. */
  onBrokerLost(): void {
    this.ended("the broker is away");
  }

  #say(posted: Omit<Posted, "from">): void {
    this.#post(posted).catch(() => this.ended("the broker takes no more"));
  }
}
