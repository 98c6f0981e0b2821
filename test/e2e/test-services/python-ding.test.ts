import { expect } from "bun:test";
import { pythonDing } from "../../../scripts/test-services/python-ding.ts";
import { runCommand } from "../../../scripts/test-services/run-command.ts";
import { freePort } from "../../support/free-port.ts";
import { testNeeding } from "../../support/needs.ts";

const PROGRAM = `
import sys
from ding.interaction import Master, Slave, TaskFail

class Adder(Slave):
    def _process_task(self, task):
        if "a" in task and "b" in task:
            return {"sum": task["a"] + task["b"]}
        raise TaskFail(result={"message": "ab not found"}, message="A or B not found in task data.")

slave_port, master_port = map(int, sys.argv[1:])
with Adder("127.0.0.1", slave_port, channel=233):
    with Master("127.0.0.1", master_port, channel=233, my_address="http://127.0.0.1:%d" % master_port) as master:
        with master.new_connection("conn", "127.0.0.1", slave_port) as conn:
            good = conn.new_task({"a": 2, "b": 3}).start().join()
            bad = conn.new_task({"a": 2}).start().join()
            print(good.status.name, good.result, bad.status.name, bad.result)
`;

const python = await pythonDing();
const ready = "skipped" in python ? undefined : python;

testNeeding("skipped" in python ? python.skipped : undefined)(
  "pythonDing() gives a Python whose Master drives its Slave",
  async () => {
    const ports = [`${await freePort()}`, `${await freePort()}`];
    const { env, python: program } = ready!;
    const { code, stdout, stderr } = await runCommand([program, "-c", PROGRAM, ...ports], { env });
    expect(stderr).not.toContain("Traceback");
    expect(stdout.trim().split("\n").at(-1)).toBe(
      "COMPLETED {'sum': 5} FAILED {'message': 'ab not found'}",
    );
    expect(code).toBe(0);
  },
  120_000,
);
