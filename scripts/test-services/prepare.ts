/** Makes ready what the tests talk to, before they run: it may take a while and should not count as a test's time. */
import { brokerServer } from "./brokers.ts";
import { chromium } from "./chromium.ts";
import { manifestCheck } from "./manifests.ts";
import { netnsTools } from "./netns.ts";
import { pythonDing } from "./python-ding.ts";
import { shellTools } from "./shellcheck.ts";
import { slurmTools } from "./slurm.ts";
import { systemdAnalyze } from "./systemd.ts";
import { tritonClient } from "./tritonclient.ts";

const python = await pythonDing();
const missing = await netnsTools();
const systemd = await systemdAnalyze();
const shell = await shellTools();
const manifests = await manifestCheck();
const browser = await chromium();
const triton = await tritonClient();
const slurm = await slurmTools();
const brokers = [await brokerServer("redis-server"), await brokerServer("nats-server")];
console.log("skipped" in python ? `Python: needs ${python.skipped}` : `Python: ${python.python}`);
console.log(
  missing === undefined ? "Network namespaces: yes" : `Network namespaces: need ${missing}`,
);
console.log(systemd === undefined ? "systemd-analyze: yes" : `systemd-analyze: needs ${systemd}`);
console.log(shell === undefined ? "shellcheck, dash, busybox: yes" : `Shells: need ${shell}`);
console.log("skipped" in manifests ? `Manifests: need ${manifests.skipped}` : "Manifests: yes");
console.log(
  "missing" in browser ? `Browser: needs ${browser.missing}` : `Browser: ${browser.program}`,
);
console.log("skipped" in triton ? `tritonclient: needs ${triton.skipped}` : "tritonclient: yes");
console.log(slurm === undefined ? "Slurm: yes" : `Slurm: needs ${slurm}`);
for (const broker of brokers) {
  console.log(
    "missing" in broker ? `Broker: needs ${broker.missing}` : `Broker: ${broker.program}`,
  );
}
