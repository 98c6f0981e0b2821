import { type KeptProgram, stopTimeoutS } from "./kept-program.ts";
import { commandForShell, quoteForShell } from "./quote.ts";
import { SERVICE_CONTROL } from "./service-control.ts";
import { SERVICE_KEEPER } from "./service-keeper.ts";

/**
 * A POSIX shell script that controls a service: start, stop, stopf, restart, status, logs. Its
 * files are in the service's folder: `NAME.pid` with the program's pid, and `logs/std.log`.
 */
export function serviceScript(what: KeptProgram): string {
  const { name, title, folder, role } = what;
  const seconds = stopTimeoutS(what.drainTimeoutMs);
  return `#!/bin/sh
# Controls the ${title} "${name}" on this machine:
#   sh FILE start      starts it in the background and waits until it is ready; after a crash it starts again
#   sh FILE stop       lets it finish its work, at most ${seconds} s, and ends it
#   sh FILE stopf      ends it at once, with all its processes
#   sh FILE restart    stop, then start
#   sh FILE status     says whether it runs: 0 if so, 3 if not, 1 while it waits to be started again
#   sh FILE logs       shows the last of what it has printed (-n LINES), and follows it on a terminal or with -f
# So that it also starts with the machine, a line in crontab: @reboot sh /path/FILE start
# shellcheck disable=SC2016 # in single quotes nothing is meant to be replaced
set -u

# shellcheck disable=SC2209 # it may be called as a command is
name=${quoteForShell(name)}
folder=${quoteForShell(folder)}
stop_timeout_s=${seconds}
ready_text=${quoteForShell(`${role} ready on `)}
ready_json=${quoteForShell(`{"ready":true,"role":"${role}"`)}
needs_token=${what.needsTokenVariable ? "yes" : ""}
run_program() {
  exec ${commandForShell(what)}
}

script=$0
case $script in /*) ;; *) script=$PWD/$script ;; esac
pid_file=$folder/$name.pid
keeper_file=$folder/.$name.keeper
service_file=$folder/.$name.service
stopping_file=$folder/.$name.stopping
log=$folder/logs/std.log
max_log_bytes=\${DING_MAX_LOG_BYTES:-52428800}
logs_kept=5
max_wait_s=60
start_timeout_s=\${DING_START_TIMEOUT_S:-900}
${SERVICE_KEEPER}${SERVICE_CONTROL}`;
}
