import { z } from "zod";
import { DingError } from "../src/core/errors.ts";
import { askSlave } from "../src/master/submit/ask-slave.ts";
import { command } from "./_command.ts";
import { askOptions, askSlaves, exitCodeOfAsked, printAsked } from "./_master-ask.ts";
import { MASTER_KEYS } from "./_master-tools.ts";

const cancelOptions = z.object({
  task: z
    .string()
    .optional()
    .describe("The task's id, as `ding master status --json` and slaves' logs show it")
    .meta({ group: "Tasks", positional: true }),
  all: z
    .boolean()
    .default(false)
    .describe("Cancel every task of the slaves")
    .meta({ group: "Tasks", flagOnly: true }),
  ...askOptions.shape,
});

/** `ding master cancel`: ends tasks on slaves, whoever submitted them. */
export const masterCancel = command(
  {
    name: "master cancel",
    description: "Cancel a task, or all tasks, on slaves",
    examples: [
      "ding master cancel --slave n1 6f1c2a9e-0b7d-8c52-9d3e-5a1b2c3d4e5f",
      "ding master cancel --slave n[01-99] --all",
    ],
    options: cancelOptions,
    otherKeys: MASTER_KEYS,
  },
  async (options, given) => {
    const path = pathOf(options);
    const asked = await askSlaves(options, given, async (address, reach) => {
      try {
        const answer = await askSlave(address, { ...reach, method: "DELETE", path });
        return (answer as CancelAnswer | undefined)?.data?.cancelled ?? 1;
      } catch (thrown) {
        // Of many slaves one has the task.
        if (DingError.from(thrown).code === "http.not-found") return 0;
        throw thrown;
      }
    });
    printAsked(asked, options, {
      row: (count) => [
        count > 0 ? `${count} cancelled` : options.all ? "has no task" : "has no such task",
      ],
      data: (count) => ({ cancelled: count }),
    });
    const exitCode = exitCodeOfAsked(asked);
    const isFound = asked.some((one) => "answer" in one && one.answer > 0);
    return exitCode === 0 && !isFound && !options.all ? 1 : exitCode;
  },
);

interface CancelAnswer {
  data?: { cancelled?: number } | null;
}

function pathOf({ task, all }: { task?: string | undefined; all: boolean }): string {
  if (task !== undefined && !all) return `/tasks/${encodeURIComponent(task)}`;
  if (task === undefined && all) return "/tasks";
  const wrong = all ? "TASK and --all exclude each other" : "neither TASK nor --all was given";
  throw new DingError("usage.invalid-option", `Cannot cancel: ${wrong}`, {
    hint: "Pass the id of one task, or --all.",
  });
}
