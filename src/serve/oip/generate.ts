import { DingError } from "../../core/errors.ts";
import { clientOf } from "../client-of.ts";
import type { InferRequest, ModelFacts, Payload, ServedModel } from "../inference.ts";
import { senderOf } from "../unreadable.ts";
import { eventStream } from "./event-stream.ts";
import { writeGenerateAnswer } from "./generate-answer.ts";
import { readGenerateRequest } from "./generate-request.ts";
import { readBody } from "./infer-body.ts";
import type { Asked, OipContext } from "./infer.ts";
import type { OipRequest } from "./infer-request.ts";
import type { ModelFace } from "./model-face.ts";
import { errorText } from "./oip-error.ts";

/** A request to generate that is under way. */
interface Generation {
  readonly model: ServedModel;
  readonly facts: ModelFacts;
  readonly request: InferRequest;
  /** A piece as clients see it. */
  readonly write: (payload: Payload) => string;
  /** Nobody wants the rest. */
  readonly cancel: () => void;
}

/** Answers with one JSON object; rejects where the model gives more than one. */
export async function generate(context: OipContext, asked: Asked): Promise<Response> {
  const { write, cancel, ...generation } = await begin(context, asked);
  const { predicts = true } = generation.facts;
  const pieces = piecesOf(generation, { isStream: !predicts });
  try {
    const { done, value } = await pieces.next();
    if (done) throw new DingError("task.invalid-result", "Cannot answer: the model gave nothing");
    const text = write(value);
    const next = await pieces.next();
    if (!next.done) throw tooMany(generation.facts);
    return new Response(text, { headers: { "Content-Type": "application/json" } });
  } finally {
    cancel();
    await pieces.return(undefined);
  }
}

/** Answers with server-sent events, a JSON object each. What goes wrong before the first rejects, later it is the last event. */
export async function generateStream(context: OipContext, asked: Asked): Promise<Response> {
  const { write, cancel, ...generation } = await begin(context, asked);
  const isStream = generation.facts.streams;
  const pieces = textsOf(piecesOf(generation, { isStream }), write);
  const first = await pieces.next();
  const body = eventStream({ first, rest: pieces, onError: errorText, onCancel: cancel });
  return new Response(body, {
    headers: { "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache" },
  });
}

async function begin(
  { models, faces, bodyLimitBytes, onUnreadable }: OipContext,
  asked: Asked,
): Promise<Generation> {
  const { request, name, version } = asked;
  const model = models.get(name, version);
  const { facts } = model;
  let face: ModelFace;
  let known: OipRequest;
  try {
    const bytes = await readBody(request, bodyLimitBytes);
    face = faces.of(facts);
    known = readGenerateRequest(bytes, face);
  } catch (thrown) {
    onUnreadable?.(facts, senderOf(request.headers, asked.info), thrown);
    throw thrown;
  }
  const { outputs: _, ...read } = known;
  // Of its own: the runtime's signal does not tell of a reader that leaves in the middle.
  const leaving = new AbortController();
  const { signal } = request;
  if (signal.aborted) leaving.abort();
  const heard = { once: true, signal: leaving.signal };
  signal.addEventListener("abort", () => leaving.abort(), heard);
  const head = { name: facts.name, version: facts.version, id: read.id };
  return {
    model,
    facts,
    request: {
      ...read,
      client: clientOf(request.headers, asked.info),
      signal: leaving.signal,
      traceparent: request.headers.get("traceparent") ?? undefined,
    },
    write: (payload) => writeGenerateAnswer(head, payload, face),
    cancel: () => leaving.abort(),
  };
}

/** An answer that comes at once is one piece. */
async function* piecesOf(
  { model, request }: Pick<Generation, "model" | "request">,
  { isStream }: { isStream: boolean },
): AsyncGenerator<Payload> {
  if (isStream) yield* model.stream(request);
  else yield (await model.infer(request)).payload;
}

async function* textsOf(
  pieces: AsyncIterable<Payload>,
  write: (payload: Payload) => string,
): AsyncGenerator<string> {
  for await (const piece of pieces) yield write(piece);
}

function tooMany({ name }: ModelFacts): DingError {
  return new DingError(
    "usage.invalid-input",
    `Cannot generate with model "${name}": it answers in more than one piece`,
    { hint: "Use generate_stream." },
  );
}
