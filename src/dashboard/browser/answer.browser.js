import { element } from "./element.browser.js";
import { format, prettyJson } from "./format.browser.js";

const MOST_SHOWN = 100_000;

/** Shows an answer as it comes: text at once, JSON with line breaks at the end, an image as one, other bytes by their number. */
export async function showAnswer(answer, startedMs, target) {
  const type = answer.headers.get("content-type") ?? "";
  const head = element("p", {}, []);
  const body = element("pre");
  const tell = (bytes) => {
    const took = format(performance.now() - startedMs, "ms");
    head.textContent = `${answer.status} ${answer.statusText} · ${took} · ${format(bytes, "bytes")} ${type}`;
  };
  head.dataset.tone = answer.ok ? "good" : "bad";
  target.replaceChildren(head, body);
  const whole = /json|text|event-stream/.test(type)
    ? await readText(answer, body, tell)
    : await readBytes(answer, body, tell);
  if (type.includes("application/json")) body.textContent = pretty(whole);
}

async function readText(answer, body, tell) {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  tell(0);
  for await (const chunk of chunksOf(answer)) {
    bytes += chunk.length;
    text += decoder.decode(chunk, { stream: true });
    body.textContent = text.slice(0, MOST_SHOWN);
    tell(bytes);
  }
  tell(bytes);
  return text;
}

async function readBytes(answer, body, tell) {
  const blob = await answer.blob();
  tell(blob.size);
  body.textContent = blob.size === 0 ? "" : `${blob.size} bytes`;
  return "";
}

async function* chunksOf(answer) {
  const reader = answer.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) return;
    yield value;
  }
}

function pretty(text) {
  try {
    const whole = prettyJson(JSON.parse(text));
    return whole.length > MOST_SHOWN ? `${whole.slice(0, MOST_SHOWN)} …` : whole;
  } catch {
    return text.slice(0, MOST_SHOWN);
  }
}
