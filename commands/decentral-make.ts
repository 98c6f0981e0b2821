import { decentralOptions } from "../src/decentral/options.ts";
import { makeCommand } from "./_make.ts";

/** `ding decentral make`: prints what keeps a fleet running. */
export const decentralMake = makeCommand({
  role: "decentral",
  what: "a fleet of units",
  options: decentralOptions,
  script: "service",
  reloads: true,
  examples: [
    "ding decentral make ./unit.ts --queue redis://n1 --name crawler > run_script.sh",
    "ding decentral make units.ProcessingModel -num_client 24 -name ocr > run_script.sh",
    "ding decentral make ./unit.ts --name crawler --format systemd > ding-crawler.service",
    "ding decentral make ./unit.ts --name ocr --format k8s --image registry/ocr:1 > ocr.yaml",
  ],
});
