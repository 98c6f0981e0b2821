import { TaskFail, TaskRefuse } from "../../../src/slave/refusals.ts";
import { Slave } from "../../../src/slave/slave.ts";

/** The slave of the ancestor's documentation, with a few more tricks. */
export class SummingSlave extends Slave {
  readonly ran: string[] = [];
  /** What the task `{ strange: true }` returns, or when it does. */
  strange: () => unknown = () => undefined;

  override beforeTask(task: Record<string, unknown>): void {
    if (task["refuse"] !== undefined) throw new TaskRefuse({ why: task["refuse"] });
  }

  override async processTask(
    task: Record<string, unknown>,
    ctx: { taskId: string },
  ): Promise<unknown> {
    this.ran.push(ctx.taskId);
    if (typeof task["sleep"] === "number") await Bun.sleep(task["sleep"]);
    if ("strange" in task) return this.strange();
    if ("echo" in task) return task["echo"];
    if (typeof task["throw"] === "string") throw new RangeError(task["throw"]);
    if (typeof task["a"] === "number" && typeof task["b"] === "number") {
      return { sum: task["a"] + task["b"] };
    }
    if ("sleep" in task) return "slept";
    throw new TaskFail({ message: "ab not found" }, "A or B not found in task data.");
  }
}
