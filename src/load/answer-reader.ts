import { Buffer } from "node:buffer";
import { type AnswerHead, FIRST_BAD_STATUS, parseAnswerHead } from "./answer-head.ts";
import { ChunkedBody } from "./chunked-body.ts";

const HEAD_LIMIT_BYTES = 65_536;
const HEAD_END = "\r\n\r\n";
/** Of the body of an answer that says no, to tell why. */
const KEPT_BYTES = 1_024;

/** How far an answer has come. */
export type Reading = "more" | "whole" | "malformed";

/** Reads HTTP/1.1 answers, one after another, and keeps of their bodies only what a refusal says. */
export class AnswerReader {
  #head: AnswerHead | undefined;
  /** Servers say the same again and again: a head that was seen need not be read again. */
  #lastText = "";
  #lastHead: AnswerHead | undefined;
  #unread: Buffer | undefined;
  #leftBytes = 0;
  #chunked: ChunkedBody<Buffer> | undefined;
  #kept: Buffer[] = [];

  /** Of the answer that was read last. */
  get status(): number {
    return this.#head?.status ?? 0;
  }

  get isKeptAlive(): boolean {
    return this.#head?.isKeptAlive ?? false;
  }

  /** The beginning of what a refusal says; empty for other answers. */
  get refusal(): string {
    return Buffer.concat(this.#kept).toString("utf8", 0, KEPT_BYTES);
  }

  /** Gets ready for the next answer. */
  reset(): void {
    this.#head = undefined;
    this.#unread = undefined;
    this.#chunked = undefined;
    if (this.#kept.length > 0) this.#kept = [];
  }

  /** Takes what came in; after "whole" and "malformed" comes `reset()`. */
  take(bytes: Buffer): Reading {
    let rest = bytes;
    while (!this.#head) {
      const all = this.#unread ? Buffer.concat([this.#unread, rest]) : rest;
      const end = all.indexOf(HEAD_END);
      if (end < 0) {
        this.#unread = all;
        return all.length > HEAD_LIMIT_BYTES ? "malformed" : "more";
      }
      const head = this.#read(all.toString("latin1", 0, end + 2));
      if (!head) return "malformed";
      this.#unread = undefined;
      rest = all.subarray(end + HEAD_END.length);
      // 100 Continue and its like come before the answer.
      if (head.status >= 200) this.#begin(head);
    }
    return this.#takeBody(rest);
  }

  /** The peer has closed: is the answer whole by that? */
  get isWholeByClose(): boolean {
    return this.#head?.framing === "close";
  }

  #read(text: string): AnswerHead | undefined {
    if (text !== this.#lastText) {
      this.#lastText = text;
      this.#lastHead = parseAnswerHead(text);
    }
    return this.#lastHead;
  }

  #begin(head: AnswerHead): void {
    this.#head = head;
    this.#leftBytes = head.lengthBytes;
    this.#chunked =
      head.framing === "chunked" ? new ChunkedBody((bytes) => this.#keep(bytes)) : undefined;
  }

  #takeBody(bytes: Buffer): Reading {
    if (!this.#chunked) this.#keep(bytes);
    if (this.#head?.framing === "close") return "more";
    if (!this.#chunked) {
      this.#leftBytes -= bytes.length;
      if (this.#leftBytes > 0) return "more";
      return this.#leftBytes === 0 ? "whole" : "malformed";
    }
    try {
      const end = this.#chunked.take(bytes, 0);
      if (end < 0) return "more";
      return end === bytes.length ? "whole" : "malformed";
    } catch {
      return "malformed";
    }
  }

  #keep(bytes: Buffer): void {
    if (this.status < FIRST_BAD_STATUS) return;
    const kept = this.#kept.reduce((sum, part) => sum + part.length, 0);
    if (kept < KEPT_BYTES) this.#kept.push(Buffer.from(bytes.subarray(0, KEPT_BYTES - kept)));
  }
}
