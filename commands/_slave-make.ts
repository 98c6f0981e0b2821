import { slaveOptions } from "../src/slave/options.ts";
import { makeCommand } from "./_make.ts";

/** `ding slave make`: prints what keeps a slave running on a node. */
export const slaveMake = makeCommand({
  role: "slave",
  what: "a slave",
  options: slaveOptions,
  script: "keep",
  examples: [
    "ding slave make --name trainer --channel 233 --plugin ./my.ts > trainer.sh",
    "ding slave make --name trainer --format systemd --channel 233 --plugin /opt/my.ts",
    "ding slave make --name trainer --host 0.0.0.0 --token-file /etc/ding/token --plugin ./my.ts",
  ],
});
