import { systemClock } from "../../core/clock.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { parentLink } from "../../link/process.ts";
import { msgpack } from "../../protocol/codec.ts";
import { encodeBody } from "../../rpc/body.ts";
import { Peer, type IncomingCall } from "../../rpc/peer.ts";
import { Session } from "../../rpc/session.ts";
import { importModule } from "../../runtime/modules.ts";
import { SharedResults } from "./shared-results.ts";
import { childFailure, Supervised } from "./supervised.ts";
import { CHILD_METHODS, type ChildCall, type ChildSetUp } from "./wire.ts";

/** So long an object may take to be disposed of when nobody is left to end it. */
const LONGEST_END_MS = 3_000;
const RESULT = { what: "the result", code: "task.invalid-result" } as const;

/** The program of a supervisor's child: has one object, and answers calls of its methods until its parent is gone. */
export function runSupervisedChild(log: Logger): void {
  const session = new Session({
    id: "child",
    clock: systemClock,
    heartbeatMs: Infinity,
    toleranceMs: Infinity,
  });
  const child = new SupervisedChild();
  const peer = new Peer(session, { call: (call) => child.answer(call) });
  session.listen({
    message: (message) => peer.receive(message),
    detached: () => void child.end(0),
    ended: () => void child.end(0),
  });
  // What its code throws where nobody waits for it ends the process.
  const fatal = (thrown: unknown): void => {
    log.error(`the child ends: ${messageOf(thrown)}`);
    process.exit(1);
  };
  process.on("uncaughtException", fatal).on("unhandledRejection", fatal);
  session.attach(parentLink(), 0, Infinity);
}

class SupervisedChild {
  #supervised: Supervised | undefined;
  #shared: SharedResults | undefined;
  #isEnding = false;

  answer(call: IncomingCall): void {
    this.#answerOf(call).then(
      (body) => call.reply(body),
      (thrown: unknown) => call.fail(childFailure(thrown)),
    );
  }

  async end(exitCode: number): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    using _limit = systemClock.after(LONGEST_END_MS, () => process.exit(exitCode));
    await this.#supervised?.end().catch(() => {}); // nobody is there to hear of it
    process.exit(exitCode);
  }

  async #answerOf(call: IncomingCall): Promise<Uint8Array<ArrayBuffer>> {
    const args = call.body ? (msgpack.decode(call.body) as unknown[]) : [];
    if (call.method === CHILD_METHODS.SET_UP) return await this.#setUp(call, args);
    const { name } = call.meta as ChildCall;
    const supervised = this.#supervised;
    if (!supervised)
      throw new DingError("state.invalid", "Cannot call the child: it is not set up");
    if (call.method === CHILD_METHODS.ATTRIBUTE) return this.#result(supervised.attribute(name));
    return this.#result(await supervised.call(name, args));
  }

  async #setUp(call: IncomingCall, args: unknown[]): Promise<Uint8Array<ArrayBuffer>> {
    const { module, exportName, sharedPath } = call.meta as ChildSetUp;
    const exports = await importModule(module);
    const what = `export "${exportName}" of "${module}"`;
    this.#supervised = await Supervised.make(exports[exportName], args, what);
    this.#shared = sharedPath === undefined ? undefined : SharedResults.open(sharedPath);
    return msgpack.encode(this.#shared !== undefined);
  }

  #result(value: unknown): Uint8Array<ArrayBuffer> {
    return encodeBody(this.#shared ? this.#shared.write(value) : { value, placed: [] }, RESULT);
  }
}
