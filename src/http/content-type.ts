/** The forms of a body that every route knows. */
export type BodyForm = "json" | "msgpack";

const MSGPACK = /^application\/(msgpack|x-msgpack|vnd\.msgpack)$/;
const JSON_TYPE = /^(application|text)\/([\w.-]+\+)?json$/;

/** The form that a Content-Type names: none means JSON; undefined is one we do not know. */
export function bodyForm(contentType: string | null | undefined): BodyForm | undefined {
  const type = mediaType(contentType ?? "");
  if (type === "" || JSON_TYPE.test(type)) return "json";
  return MSGPACK.test(type) ? "msgpack" : undefined;
}

/** The form to answer in: msgpack where Accept asks for it by name and likes JSON no better. */
export function answerForm(accept: string | null | undefined): BodyForm {
  if (!accept?.includes("msgpack")) return "json";
  let msgpack = 0;
  let json = 0;
  for (const range of accept.split(",")) {
    const type = mediaType(range);
    if (MSGPACK.test(type)) msgpack = Math.max(msgpack, quality(range));
    else if (JSON_TYPE.test(type)) json = Math.max(json, quality(range));
  }
  return msgpack > 0 && msgpack >= json ? "msgpack" : "json";
}

/** How a body is packed, as its Content-Encoding names it; undefined where it is as it is. */
export function packingOf(contentEncoding: string | null | undefined): string | undefined {
  const name = contentEncoding?.trim() ?? "";
  return name === "" || name.toLowerCase() === "identity" ? undefined : name;
}

function mediaType(text: string): string {
  return (text.split(";", 1)[0] as string).trim().toLowerCase();
}

function quality(range: string): number {
  const given = /;\s*q=([\d.]+)/i.exec(range)?.[1];
  return given === undefined ? 1 : Number(given) || 0;
}
