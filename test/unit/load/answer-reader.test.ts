import { expect, test } from "bun:test";
import { AnswerReader, type Reading } from "../../../src/load/answer-reader.ts";

/** Reads the text in parts of this size; gives what the last part led to. */
function readIn(size: number, text: string, reader = new AnswerReader()): Reading {
  const bytes = Buffer.from(text, "latin1");
  let reading: Reading = "more";
  for (let at = 0; at < bytes.length; at += size) {
    expect(reading).toBe("more");
    reading = reader.take(bytes.subarray(at, at + size));
  }
  return reading;
}

const LENGTH = "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\ncontent-length: 5\r\n\r\nhello";
const CHUNKED =
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: a\r\n\r\n";

test("take() finds the end of a body with a length, however it is cut", () => {
  for (let size = 1; size <= LENGTH.length; size++) expect(readIn(size, LENGTH)).toBe("whole");
});

test("take() finds the end of a body in chunks, however it is cut", () => {
  for (let size = 1; size <= CHUNKED.length; size++) expect(readIn(size, CHUNKED)).toBe("whole");
});

test("take() reads one answer after another", () => {
  const reader = new AnswerReader();
  for (const text of [LENGTH, CHUNKED, LENGTH, "HTTP/1.1 204 No Content\r\n\r\n"]) {
    expect(readIn(1_000, text, reader)).toBe("whole");
    expect(reader.isKeptAlive).toBe(true);
    reader.reset();
  }
});

test("take() passes over interim answers", () => {
  const reader = new AnswerReader();
  expect(readIn(7, `HTTP/1.1 100 Continue\r\n\r\n${LENGTH}`, reader)).toBe("whole");
  expect(reader.status).toBe(200);
});

test("take() wants a close behind a body of unknown length", () => {
  const reader = new AnswerReader();
  expect(readIn(9, "HTTP/1.1 200 OK\r\n\r\nhello", reader)).toBe("more");
  expect(reader.isWholeByClose).toBe(true);
  expect(reader.isKeptAlive).toBe(false);
});

test.each([
  ["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", false],
  ["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true],
  ["HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false],
  ["HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", true],
])("isKeptAlive of %j is %p", (text, isKeptAlive) => {
  const reader = new AnswerReader();
  expect(readIn(1_000, text, reader)).toBe("whole");
  expect(reader.isKeptAlive).toBe(isKeptAlive);
});

test.each([
  "hello\r\n\r\n",
  "HTTP/2 200\r\n\r\n",
  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
  `${CHUNKED}more`,
  `HTTP/1.1 200 OK\r\nX: ${"x".repeat(70_000)}`,
])("take() says that %.60j is no answer", (text) => {
  expect(readIn(100_000, text)).toBe("malformed");
});

test("refusal keeps the beginning of what an error says, and nothing of a good answer", () => {
  const reader = new AnswerReader();
  const text = `{"error": "no such model"}${"x".repeat(5_000)}`;
  readIn(100, `HTTP/1.1 404 Not Found\r\nContent-Length: ${text.length}\r\n\r\n${text}`, reader);
  expect(reader.status).toBe(404);
  expect(reader.refusal).toStartWith('{"error": "no such model"}');
  expect(reader.refusal.length).toBe(1_024);
  reader.reset();
  readIn(100, LENGTH, reader);
  expect(reader.refusal).toBe("");
});
