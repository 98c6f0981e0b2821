/** How the end of a body is told. */
export type Framing = "length" | "chunked" | "close";

/** What the head of an answer says about the rest. */
export interface AnswerHead {
  readonly status: number;
  readonly framing: Framing;
  /** Of the body, when `framing` is "length". */
  readonly lengthBytes: number;
  /** May the connection be used again? */
  readonly isKeptAlive: boolean;
}

/** From here on an answer says that the request has failed. */
export const FIRST_BAD_STATUS = 400;

const NO_BODY = [204, 304];

/** Reads the head of an HTTP/1.x answer, with its last line end; undefined for what is none. */
export function parseAnswerHead(text: string): AnswerHead | undefined {
  const line = /^HTTP\/1\.([01]) (\d{3})(?: [^\r\n]*)?\r\n/.exec(text);
  if (!line) return undefined;
  const status = Number(line[2]);
  const length = /\r\ncontent-length:[ \t]*(\d{1,15})[ \t]*\r\n/i.exec(text)?.[1];
  const isChunked = /\r\ntransfer-encoding:[^\r\n]*\bchunked[ \t]*\r\n/i.test(text);
  const connection = /\r\nconnection:[ \t]*([^\r\n]*?)[ \t]*\r\n/i.exec(text)?.[1]?.toLowerCase();
  const isEmpty = status < 200 || NO_BODY.includes(status);
  const framing = isEmpty || (length !== undefined && !isChunked) ? "length" : "close";
  const isOpen = line[1] === "1" ? connection !== "close" : connection === "keep-alive";
  return {
    status,
    framing: isChunked && !isEmpty ? "chunked" : framing,
    lengthBytes: isEmpty ? 0 : Number(length ?? 0),
    isKeptAlive: isOpen && (isChunked || framing === "length"),
  };
}
