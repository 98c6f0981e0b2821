/** A master to be killed: `bun victim.ts PORT` connects to the slave there, starts a task without end, says so. */
import { Master } from "../../src/index.ts";
import { CHANNEL } from "../support/ding.ts";

const master = await new Master({ channel: CHANNEL }).start();
const connection = master.newConnection("slave", "127.0.0.1", Number(process.argv[2]));
await connection.connect();
await connection.newTask({ hang: true }).start();
console.log("started");
await connection.closed;
