import { type KeptProgram, stopTimeoutS } from "./kept-program.ts";
import { SHELL_PARTS } from "./shell-parts.ts";
import { commandForShell, quoteForShell } from "./quote.ts";

/** A POSIX shell script that starts the program, and again whenever it ends; once on each node. */
export function shellScript(what: KeptProgram): string {
  return `${head(what)}\n${BODY}`;
}

function head(what: KeptProgram): string {
  const { name, title, folder } = what;
  const seconds = stopTimeoutS(what.drainTimeoutMs);
  return `#!/bin/sh
# Keeps the ${title} "${name}" running on this node:
#   sh FILE          starts it, and again whenever it ends; does nothing if it is running already
#   sh FILE stop     lets it finish its work, at most ${seconds} s, and ends it
#   sh FILE status   says whether it runs
# So that it stays: nohup sh FILE >/dev/null 2>&1 &   or a line in crontab: @reboot sh /path/FILE
# shellcheck disable=SC2016 # in single quotes nothing is meant to be replaced
set -u

# shellcheck disable=SC2209 # it may be called as a command is
name=${quoteForShell(name)}
folder=${quoteForShell(folder)}
stop_timeout_s=${seconds}
run_program() {
  exec ${commandForShell(what)}
}
needs_token=${what.needsTokenVariable ? "yes" : ""}
`;
}

const BODY = `max_log_bytes=10485760
max_wait_s=60
state=\${DING_STATE_DIR:-\${HOME:?set HOME or DING_STATE_DIR}/.ding}
# Homes are often shared by the nodes of a cluster: each node has its own lock and log.
pid_file=$state/$name.$(uname -n).pid
log=$state/$name.$(uname -n).log

${SHELL_PARTS}
# Prints the pid of the one that runs, if any.
running() {
  living "$pid_file"
}

case \${1:-start} in
start) [ -z "$needs_token" ] || : "\${DING_TOKEN:?set it to the token that callers must show}" ;;
stop)
  if pid=$(running); then
    kill -TERM "$pid"
    while [ "$stop_timeout_s" -gt 0 ] && running >/dev/null; do
      sleep 1
      stop_timeout_s=$((stop_timeout_s - 1))
    done
    if running >/dev/null; then
      echo "$name is still running: pid $pid" >&2
      exit 1
    fi
  fi
  exit 0
  ;;
status)
  if pid=$(running); then
    echo "$name is running: pid $pid, log $log"
    exit 0
  fi
  echo "$name is not running"
  exit 1
  ;;
*)
  echo "usage: $0 [start|stop|status]" >&2
  exit 2
  ;;
esac

(umask 077 && mkdir -p "$state") || exit 1
if ! take_lock "$pid_file"; then
  echo "$name is already running: pid $(running)" >&2
  exit 0
fi
trap 'rm -f "$pid_file"' EXIT
cd "$folder" || exit 1

stopping=
child=
stop_child() {
  stopping=yes
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap stop_child TERM HUP
# Ctrl-C on a terminal reaches the program too; a second signal would end it without finishing.
trap 'if [ -t 0 ]; then stopping=yes; else stop_child; fi' INT

wait_s=1
while :; do
  if [ -f "$log" ] && [ "$(wc -c <"$log")" -gt "$max_log_bytes" ]; then
    mv -f "$log" "$log.1"
  fi
  started=$(date +%s)
  run_program </dev/null >>"$log" 2>&1 &
  child=$!
  [ -z "$stopping" ] || stop_child
  wait_for_child
  [ -z "$stopping" ] || exit "$code"
  if [ "$code" -eq 2 ]; then
    say "$name cannot be started with these options; see the lines above"
    tail -n 5 "$log" >&2
    exit 2
  fi
  ran_s=$(($(date +%s) - started))
  [ "$ran_s" -lt "$max_wait_s" ] || wait_s=1
  say "$name ended with code $code after $ran_s s, starts again in $wait_s s"
  sleep "$wait_s" &
  child=$!
  wait_for_child
  [ -z "$stopping" ] || exit 0
  wait_s=$((wait_s * 2))
  [ "$wait_s" -le "$max_wait_s" ] || wait_s=$max_wait_s
done
`;
