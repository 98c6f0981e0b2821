import { listenTls } from "../src/config/tls-files.ts";
import { sendPrintsToStderr } from "../src/runtime/modules.ts";
import type { Server } from "../src/serve/server.ts";
import { serveOptions } from "../src/serve/options.ts";
import { providePluginModules } from "./_plugin-modules.ts";
import { roleCommand } from "./_role.ts";

export default roleCommand(
  {
    name: "serve",
    description: "Serve models behind one port, in batches, with worker processes",
    examples: [
      "ding serve model.onnx",
      "ding serve ./server.ts --workers 2 --batch-size 16",
      "ding serve --plugin ocr=./ocr.ts --plugin voice=./voice.onnx --device-map 0,1",
      "ding serve server.Worker -model_dir /models -num_worker 2 -http_port 8900 -device_map -1",
      "ding serve call 127.0.0.1:8900 --data '{\"x\": [1, 2]}'",
      "ding serve make server.Worker --name ocr > run_script.sh",
    ],
    options: serveOptions,
    // Loaded when it is started: help and faulty options need none of it.
    create: async (options, { log, token, workerOutput }) => {
      const { Server } = await import("../src/serve/server.ts");
      // Routes of a plugin run here.
      providePluginModules();
      sendPrintsToStderr();
      const logLevel = options.verbose ? "debug" : options.logLevel;
      return new Server({
        ...options,
        logLevel,
        tls: listenTls(options),
        token,
        log,
        workerOutput,
      });
    },
    onHangUp: (service) => void (service as Server).reload(),
  },
  {
    call: () => import("./serve-call.ts").then((module) => module.serveCall),
    make: () => import("./serve-make.ts").then((module) => module.serveMake),
  },
);
