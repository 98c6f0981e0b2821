import type { BodyForm } from "../../http/content-type.ts";
import { json, msgpack } from "../../protocol/codec.ts";
import type { Values } from "../inference.ts";

/** What the body of an answer is made of. */
export interface PredictAnswer {
  values: Values;
  /** `{ output }` in place of `{ outputs }`. */
  isSingle: boolean;
  /** Said again as it came. */
  id: string | undefined;
}

/** The body of an answer in this form; what came out in the same form is not decoded for it. */
export function writePredict(
  { values, isSingle, id }: PredictAnswer,
  form: BodyForm,
): Uint8Array<ArrayBuffer> {
  const outputs = inForm(values, form);
  return form === "json"
    ? writeJsonBody(outputs, isSingle, id)
    : writeMsgpackBody(outputs, isSingle, id);
}

/** Encoded values in another form: decoded and encoded again only where it differs. */
function inForm({ form: from, values }: Values, to: BodyForm): readonly Uint8Array[] {
  if (from === to) return values;
  const [decoder, encoder] = from === "json" ? [json, msgpack] : [msgpack, json];
  return values.map((value) => encoder.encode(decoder.decode(value)));
}

const encoder = new TextEncoder();
const COMMA = encoder.encode(",");

function writeJsonBody(
  outputs: readonly Uint8Array[],
  isSingle: boolean,
  id: string | undefined,
): Uint8Array<ArrayBuffer> {
  const idText = id === undefined ? "" : `"id":${JSON.stringify(id)},`;
  const [open, close] = isSingle ? [`{${idText}"output":`, "}"] : [`{${idText}"outputs":[`, "]}"];
  const parts: Uint8Array[] = [encoder.encode(open)];
  for (const [index, output] of outputs.entries()) {
    if (index > 0) parts.push(COMMA);
    parts.push(output);
  }
  parts.push(encoder.encode(close));
  return joined(parts);
}

function writeMsgpackBody(
  outputs: readonly Uint8Array[],
  isSingle: boolean,
  id: string | undefined,
): Uint8Array<ArrayBuffer> {
  const size = Uint8Array.of(id === undefined ? 0x81 : 0x82);
  const idParts = id === undefined ? [] : [msgpack.encode("id"), msgpack.encode(id)];
  const key = msgpack.encode(isSingle ? "output" : "outputs");
  const head = isSingle ? [] : [listHead(outputs.length)];
  return joined([size, ...idParts, key, ...head, ...outputs]);
}

function listHead(length: number): Uint8Array {
  if (length < 16) return Uint8Array.of(0x90 | length);
  if (length < 2 ** 16) return Uint8Array.of(0xdc, length >> 8, length);
  return Uint8Array.of(0xdd, length >>> 24, length >> 16, length >> 8, length);
}

/** The parts, one behind the other. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
