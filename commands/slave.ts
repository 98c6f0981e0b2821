import { slaveOptions } from "../src/slave/options.ts";
import { providePluginModules } from "./_plugin-modules.ts";
import { roleCommand } from "./_role.ts";

export default roleCommand(
  {
    name: "slave",
    description: "Execute tasks with a plugin, for one master at a time, on a channel",
    examples: [
      "ding slave --channel 233 --plugin ./my.ts",
      "ding slave --channel 233 --plugin ./my.ts --concurrency 4 --mode queue",
      "ding slave --channel 233 --plugin ./my.ts --host 0.0.0.0 --token-file ./token",
      "ding slave --channel 233 --plugin ./my.ts --join master.example:7235",
      "ding slave make --name trainer --format systemd --channel 233 --plugin ./my.ts",
    ],
    options: slaveOptions,
    // Loaded when it is started: help and faulty options need none of it.
    create: async (options, tools) => {
      const { createSlave } = await import("../src/slave/plugin-slave.ts");
      if (options.isolate === "none") providePluginModules();
      return createSlave(options, tools);
    },
  },
  { make: () => import("./_slave-make.ts").then((module) => module.slaveMake) },
);
