/** Makes ready what the tests talk to, before they run: it may take a while and should not count as a test's time. */
import { netnsTools } from "./netns.ts";
import { pythonDing } from "./python-ding.ts";

const [python, missing] = await Promise.all([pythonDing(), netnsTools()]);
console.log("skipped" in python ? `Python: needs ${python.skipped}` : `Python: ${python.python}`);
console.log(
  missing === undefined ? "Network namespaces: yes" : `Network namespaces: need ${missing}`,
);
