import { checkPair } from "../src/config/tls-files.ts";
import { nearestName } from "../src/config/suggest.ts";
import { DingError } from "../src/core/errors.ts";
import { VERSION } from "../src/core/version.ts";
import { taskOptions } from "../src/task/options.ts";
import { command } from "./_command.ts";
import { listenForStop } from "./_signals.ts";
import { toolsOf } from "./_tools.ts";

export default command(
  {
    name: "task",
    description: "Run a program in many processes that hear each other's events",
    examples: [
      "ding task --main ./main.ts",
      "ding task --main ./main.ts --parallel-workers 2 --topology mesh",
      "ding task --package . --main my_module.main --parallel-workers 3 --topology star",
      "ding task --main ./main.ts --node-ids 1 --address 10.0.0.2 --attach-to tcp://10.0.0.1:50515",
      "ding task --main ./main.ts --mq-type redis --redis-host 10.0.0.1 --node-ids 1",
      "srun -n 4 ding task --main ./main.ts --platform slurm --topology mesh",
    ],
    options: taskOptions,
  },
  async (options, given) => {
    if (options.version) {
      process.stdout.write(`${VERSION}\n`);
      return 0;
    }
    using stop = listenForStop();
    const tools = await toolsOf(options, given);
    checkPair(options);
    // Loaded when it is started: help and faulty options need none of it.
    const { runTask } = await import("./_task-run.ts");
    try {
      return await runTask(options, { given, tools, stop });
    } catch (thrown) {
      const error = DingError.from(thrown);
      const { message, code, hint } = error;
      tools.fileLog?.error(message, { code, hint });
      throw code === "plugin.not-found" ? orCommand(error, options.main) : thrown;
    }
  },
  {
    script: () => import("./task-script.ts").then((module) => module.taskScript),
    manifest: () => import("./task-manifest.ts").then((module) => module.taskManifest),
  },
);

/** A word alone may be a command's name with a slip in it. */
function orCommand(error: DingError, main = ""): DingError {
  const near = /^[a-z]+$/.test(main) ? nearestName(main, ["script", "manifest"]) : undefined;
  if (near === undefined) return error;
  const { code, message, details } = error;
  return new DingError(code, message, { details, hint: `Did you mean "ding task ${near}"?` });
}
