/** Makes ready what the tests talk to, before they run: it may take a while and should not count as a test's time. */
import { netnsTools } from "./netns.ts";
import { pythonDing } from "./python-ding.ts";
import { systemdAnalyze } from "./systemd.ts";

const python = await pythonDing();
const missing = await netnsTools();
const systemd = await systemdAnalyze();
console.log("skipped" in python ? `Python: needs ${python.skipped}` : `Python: ${python.python}`);
console.log(
  missing === undefined ? "Network namespaces: yes" : `Network namespaces: need ${missing}`,
);
console.log(systemd === undefined ? "systemd-analyze: yes" : `systemd-analyze: needs ${systemd}`);
