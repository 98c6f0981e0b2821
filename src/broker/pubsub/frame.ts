/** A part of a message, or all of it. */
export interface Frame {
  /** Names one end of one process. */
  sender: string;
  /** Counts the frames of this sender on this topic from 1. */
  seq: number;
  isFirst: boolean;
  isLast: boolean;
  body: Uint8Array;
}

/** How many bytes there are before the body. */
export const HEADER_BYTES = 16;
/** Eight bytes, each as a letter. */
export const SENDER_BYTES = 8;

const MARK = 0xd1;
const FIRST = 1;
const LAST = 2;
const UINT32 = 2 ** 32;

/** mark u8, flags u8, sequence number u48, sender, body. */
export function packFrame({ sender, seq, isFirst, isLast, body }: Frame): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = MARK;
  bytes[1] = (isFirst ? FIRST : 0) | (isLast ? LAST : 0);
  view.setUint16(2, Math.floor(seq / UINT32));
  view.setUint32(4, seq % UINT32);
  for (let at = 0; at < SENDER_BYTES; at++) bytes[8 + at] = sender.charCodeAt(at);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

/** Undefined for what nobody here has sent. The body is a view. */
export function unpackFrame(bytes: Uint8Array): Frame | undefined {
  const flags = bytes[1] ?? 0;
  if (bytes.length < HEADER_BYTES || bytes[0] !== MARK || flags > (FIRST | LAST)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  return {
    sender: String.fromCharCode(...bytes.subarray(8, HEADER_BYTES)),
    seq: view.getUint16(2) * UINT32 + view.getUint32(4),
    isFirst: (flags & FIRST) !== 0,
    isLast: (flags & LAST) !== 0,
    body: bytes.subarray(HEADER_BYTES),
  };
}

/** A name for an end that no other one has. */
export function newSender(): string {
  return String.fromCharCode(...crypto.getRandomValues(new Uint8Array(SENDER_BYTES)));
}
