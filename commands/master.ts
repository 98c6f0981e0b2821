import { defineCommand, type CommandDef } from "citty";

const master: CommandDef = defineCommand({
  meta: { name: "master", description: "Give tasks to slaves, and look after them" },
  subCommands: {
    submit: () => import("./master-submit.ts").then((module) => module.masterSubmit),
    ping: () => import("./master-ping.ts").then((module) => module.masterPing),
    status: () => import("./master-status.ts").then((module) => module.masterStatus),
    cancel: () => import("./master-cancel.ts").then((module) => module.masterCancel),
  },
});

export default master;
