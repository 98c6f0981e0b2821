import { decentralRole } from "./_decentral-role.ts";
import { roleCommand } from "./_role.ts";

export default roleCommand(decentralRole, {
  start: () => import("./_decentral-start.ts").then((module) => module.decentralStart),
  status: () => import("./_decentral-control.ts").then((module) => module.decentralStatus),
  switch: () => import("./_decentral-control.ts").then((module) => module.decentralSwitch),
  idle: () => import("./_decentral-control.ts").then((module) => module.decentralIdle),
  restart: () => import("./_decentral-control.ts").then((module) => module.decentralRestart),
  terminate: () => import("./_decentral-control.ts").then((module) => module.decentralTerminate),
  push: () => import("./decentral-push.ts").then((module) => module.decentralPush),
  queue: () => import("./decentral-queue.ts").then((module) => module.decentralQueue),
  make: () => import("./decentral-make.ts").then((module) => module.decentralMake),
});
