import { z } from "zod";
import type { Clock } from "../core/clock.ts";
import { DingError, NetworkError, errorOf, messageOf, type ErrorRecord } from "../core/errors.ts";
import type { Link } from "../link/link.ts";
import { decodeMessages, encodeMessage, KIND, type Message } from "./message.ts";
import { part } from "./part.ts";

/** Raised when the messages change so that old and new cannot talk. */
const PROTOCOL_VERSION = 1;

const hello = z.object({
  protocol: z.number(),
  session: z.string().min(8).max(64),
  resume: z.boolean(),
  /** How many counted messages of the other end this end has. */
  received: z.number().int().nonnegative(),
  toleranceMs: z.number().positive(),
  data: z.unknown(),
});

const welcome = z.object({
  boot: z.string(),
  received: z.number().int().nonnegative(),
  toleranceMs: z.number().positive(),
  data: z.unknown(),
});

const refusal = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});

/** How a session is opened or taken up again: the first message of whoever initiates. */
export type Hello = z.output<typeof hello>;

/** The answer that opens it. */
export type Welcome = z.output<typeof welcome>;

/** Waits for the first message of a fresh link; rejects if it is no HELLO of this protocol. */
export async function receiveHello(link: Link, clock: Clock, timeoutMs: number): Promise<Hello> {
  const message = await firstMessage(link, clock, { timeoutMs, isPatient: false });
  const parsed = message[0] === KIND.HELLO ? hello.safeParse(message[1]) : undefined;
  if (!parsed?.success) {
    throw new NetworkError("network.protocol", `Cannot accept ${link.peer}: no hello`);
  }
  if (parsed.data.protocol !== PROTOCOL_VERSION) {
    throw new NetworkError(
      "network.protocol",
      `Cannot talk to ${link.peer}: it speaks protocol ${parsed.data.protocol}, this is ${PROTOCOL_VERSION}`,
      { hint: "Use the same version of ding on both ends." },
    );
  }
  return parsed.data;
}

/** Says HELLO and waits for the answer; closes the link and rejects with the other end's refusal. */
export async function exchangeHello(
  link: Link,
  greeting: Omit<Hello, "protocol">,
  { clock, timeoutMs }: { clock: Clock; timeoutMs: number },
): Promise<Welcome> {
  try {
    return await askWelcome(link, greeting, { clock, timeoutMs });
  } catch (thrown) {
    part(link, messageOf(thrown), clock);
    throw thrown;
  }
}

async function askWelcome(
  link: Link,
  greeting: Omit<Hello, "protocol">,
  { clock, timeoutMs }: { clock: Clock; timeoutMs: number },
): Promise<Welcome> {
  link.send(encodeMessage([KIND.HELLO, { protocol: PROTOCOL_VERSION, ...greeting }]));
  const message = await firstMessage(link, clock, { timeoutMs, isPatient: true });
  if (message[0] === KIND.REFUSED) {
    const parsed = refusal.safeParse(message[1]);
    if (parsed.success) throw refusalOf(parsed.data as ErrorRecord);
  }
  const parsed = message[0] === KIND.WELCOME ? welcome.safeParse(message[1]) : undefined;
  if (parsed?.success) return parsed.data;
  throw new NetworkError("network.protocol", `Cannot open a session with ${link.peer}: no welcome`);
}

/** Opens the session for the other end. */
export function sendWelcome(link: Link, answer: Welcome): void {
  link.send(encodeMessage([KIND.WELCOME, answer]));
}

/** Refuses the session and closes the link. */
export function sendRefusal(link: Link, error: ErrorRecord, clock: Clock): void {
  link.send(encodeMessage([KIND.REFUSED, error]));
  part(link, error.message, clock);
}

/** The other end's refusal as an error; what it details is kept for who knows its codes. */
function refusalOf(record: ErrorRecord): DingError {
  const error = DingError.fromRecord(record, "peer.refused");
  return errorOf(error.code, error.message, {
    hint: error.hint,
    details: { ...error.details, refused: true },
  });
}

/** The first message but PING: who sends that is alive and still thinking, which is worth waiting for. */
function firstMessage(
  link: Link,
  clock: Clock,
  { timeoutMs, isPatient }: { timeoutMs: number; isPatient: boolean },
): Promise<Message> {
  return new Promise((resolve, reject) => {
    let timer: Disposable;
    const end = (error: DingError): void => {
      timer[Symbol.dispose]();
      reject(error);
    };
    const wait = (): void => {
      timer = clock.after(timeoutMs, () => {
        end(new NetworkError("network.timeout", `Cannot go on with ${link.peer}: no handshake`));
        link.terminate();
      });
    };
    const onFrame = (bytes: Uint8Array): void => {
      let first: Message | undefined;
      decodeMessages(bytes, (message) => {
        if (first) throw new NetworkError("network.protocol", "A handshake has a frame of its own");
        first = message;
      });
      if (!first) return;
      timer[Symbol.dispose]();
      if (isPatient && first[0] === KIND.PING) return wait();
      // Later frames wait in the link for whoever listens next. Whoever was asked may have a whole session to say again.
      link.pause(isPatient ? Infinity : undefined);
      resolve(first);
    };
    wait();
    link.listen({
      frame(bytes) {
        try {
          onFrame(bytes);
        } catch (thrown) {
          link.pause();
          end(DingError.from(thrown));
        }
      },
      close: (reason) =>
        end(new NetworkError("network.closed", `Cannot go on with ${link.peer}: ${reason}`)),
    });
  });
}

/** Tells an end that waits for its welcome that this one is alive, until disposed. */
export function keepWaiting(link: Link, clock: Clock): Disposable {
  let timer: Disposable;
  const wait = (): void => {
    timer = clock.after(STILL_HERE_MS, () => {
      link.send(encodeMessage([KIND.PING]));
      wait();
    });
  };
  wait();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

/** Far below any time that a dialling end is patient for. */
const STILL_HERE_MS = 250;
