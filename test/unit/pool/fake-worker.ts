import { EventEmitter } from "node:events";
import { Link } from "../../../src/link/link.ts";
import type { IncomingCall } from "../../../src/rpc/peer.ts";
import { Peer } from "../../../src/rpc/peer.ts";
import { Session } from "../../../src/rpc/session.ts";
import type { ChildProcess, ProcessExit } from "../../../src/runtime/child-process.ts";
import type { FakeClock } from "../../support/fake-clock.ts";

/** The worker's end of the pretended ipc. */
class InnerLink extends Link {
  readonly #child: FakeWorker;

  constructor(child: FakeWorker) {
    super("parent");
    this.#child = child;
  }

  receive(frame: Uint8Array): void {
    this.arrived(frame);
  }

  override send(frame: Uint8Array): boolean {
    const copy = frame.slice();
    queueMicrotask(() => this.#child.connected && this.#child.emit("message", copy));
    return true;
  }

  override close(): void {}
  override terminate(): void {}
}

let lastPid = 1_000;

/** A child process that is none: answers calls as the test says, and dies when it is told to. */
export class FakeWorker extends EventEmitter {
  readonly id: string;
  readonly pid: number = ++lastPid;
  connected = true;
  killed = false;
  /** What it has been asked and has not answered. */
  readonly calls: IncomingCall[] = [];
  /** Does not go when its channel closes. */
  isStubborn = false;
  readonly #exited = Promise.withResolvers<ProcessExit>();
  readonly #link = new InnerLink(this);

  constructor(id: string, clock: FakeClock) {
    super();
    this.id = id;
    const session = new Session({ id, clock, heartbeatMs: Infinity, toleranceMs: Infinity });
    const peer = new Peer(session, { call: (call) => this.calls.push(call) });
    session.listen({ message: (message) => peer.receive(message), detached() {}, ended() {} });
    session.attach(this.#link, 0, Infinity);
  }

  get asChild(): ChildProcess {
    return {
      pid: this.pid,
      channel: { kind: "ipc", port: this },
      kill: () => this.kill(),
      exited: this.#exited.promise,
      closed: this.#exited.promise,
    };
  }

  /** The call of this name that waits for an answer. */
  call(method: string): IncomingCall | undefined {
    return this.calls.find((call) => call.method === method);
  }

  send(message: unknown): boolean {
    const copy = (message as Uint8Array).slice();
    queueMicrotask(() => this.connected && this.#link.receive(copy));
    return true;
  }

  disconnect(): void {
    this.#closeChannel();
    if (!this.isStubborn) this.die(0, null);
  }

  kill(): boolean {
    if (!this.killed) this.die(null, "SIGKILL");
    return true;
  }

  /** It has ended; the exit follows the end of the channel, as the system tells it. */
  die(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.killed) return;
    this.killed = true;
    this.#closeChannel();
    queueMicrotask(() => this.exit(code, signal));
  }

  /** The system tells of its end. */
  exit(code: number | null, signal: NodeJS.Signals | null): void {
    this.killed = true;
    this.#exited.resolve({ code, signal });
  }

  #closeChannel(): void {
    if (!this.connected) return;
    this.connected = false;
    this.emit("disconnect");
  }
}
