import { Master } from "../../src/index.ts";
import { BareConnection } from "../limits/master.ts";
import { CHANNEL, type Isolate, startBareSlave, startSlave } from "../support/ding.ts";
import { Processes } from "../support/processes.ts";

/** Sends a task to one slave and gives its result. */
export type Run = (work: unknown) => Promise<unknown>;

/** The same number of slaves twice: ding's and the prototype's, each with one master in this process. */
export class Fleet implements AsyncDisposable {
  readonly real: readonly Run[];
  readonly bare: readonly Run[];
  readonly #stack: AsyncDisposableStack;

  private constructor(real: readonly Run[], bare: readonly Run[], stack: AsyncDisposableStack) {
    this.real = real;
    this.bare = bare;
    this.#stack = stack;
  }

  static async start(size: number, isolate: Isolate): Promise<Fleet> {
    await using stack = new AsyncDisposableStack();
    const processes = stack.use(new Processes());
    const master = stack.use(await new Master({ channel: CHANNEL }).start());
    const real: Run[] = [];
    const bare: Run[] = [];
    for (let index = 0; index < size; index++) {
      const slave = await startSlave(processes, isolate);
      const connection = master.newConnection(`n${index}`, "127.0.0.1", slave.port);
      await connection.connect();
      real.push(async (work) => (await (await connection.newTask(work).start()).join()).result);

      const bareSlave = await startBareSlave(processes, isolate);
      const bareConnection = await BareConnection.open(bareSlave.port);
      stack.defer(() => bareConnection.close());
      bare.push((work) => bareConnection.run(work));
    }
    return new Fleet(real, bare, stack.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
