import { serveOptions } from "../src/serve/options.ts";
import { makeCommand } from "./_make.ts";

/** `ding serve make`: prints what keeps a server of models running. */
export const serveMake = makeCommand({
  role: "serve",
  what: "a server of models",
  options: serveOptions,
  script: "service",
  reloads: true,
  examples: [
    "ding serve make server.Worker --workers 2 --name ocr > run_script.sh",
    "ding serve make ./model.onnx --name ocr --format systemd > ding-ocr.service",
    "ding serve make ./model.onnx --name ocr --format compose > compose.yaml",
    "ding serve make --repository /models --name ocr --format k8s --image registry/ocr:1 > ocr.yaml",
  ],
});
