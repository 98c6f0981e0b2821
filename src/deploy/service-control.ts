/** The verbs of a service's script, the same for every service; they stand below `SERVICE_KEEPER`. */
export const SERVICE_CONTROL = `
# ---- the verbs

start() {
  [ -z "$needs_token" ] || : "\${DING_TOKEN:?set it to the token that callers must show}"
  # Its keeper may have been killed: it serves all the same, and a second one would find its port taken.
  if pid=$(service); then
    [ ! -f "$stopping_file" ] || fail "$name is still stopping: pid $pid; start it after that"
    fail "$name is running already: pid $pid"
  fi
  mkdir -p "$folder/logs" || exit 1
  : >>"$log" || exit 1
  if ! waited=$(keeper); then
    from=$(log_bytes)
    # A session of its own: closing the terminal does not end it, and stopf ends all of it.
    if command -v setsid >/dev/null; then
      setsid sh "$script" _keep </dev/null >>"$log" 2>&1 &
    else
      sh "$script" _keep </dev/null >>"$log" 2>&1 &
    fi
    waited=$!
  fi
  echo "Starting $name"
  deadline=$(($(date +%s) + start_timeout_s))
  while :; do
    if pid=$(service) && line=$(ready); then
      echo "$line"
      echo "$name is running: pid $pid, log $log"
      return 0
    fi
    mark_of "$waited" >/dev/null || break
    [ "$(date +%s)" -lt "$deadline" ] ||
      fail "$name is not ready after $start_timeout_s s; it goes on starting: sh $script status"
    nap
  done
  wait "$waited"
  code=$?
  if pid=$(keeper); then fail "$name is running already: pid $(service || echo "$pid")"; fi
  echo "$name did not start; the end of $log:" >&2
  tail -c "+$((\${from:-0} + 1))" "$log" | tail -n 20 >&2
  [ "$code" -gt 0 ] && [ "$code" -lt 127 ] || code=1
  exit "$code"
}

# Removes what was left behind, unless somebody has started it meanwhile.
sweep() {
  keeper >/dev/null || service >/dev/null || leave
}

# Waits until nothing is left; a program without its keeper is told to stop itself.
stop() {
  if ! asked=$(keeper) && ! asked=$(service); then
    sweep
    echo "$name is not running"
    return 0
  fi
  echo "Stopping $name: it may finish its work for $stop_timeout_s s"
  # It may have ended by itself since it was looked at.
  if ! why=$(kill -TERM "$asked" 2>&1) && [ "$(keeper || service)" = "$asked" ]; then
    fail "Cannot stop $name: $why"
  fi
  deadline=$(($(date +%s) + stop_timeout_s))
  while pid=$(keeper) || pid=$(service); do
    if [ "$(date +%s)" -ge "$deadline" ]; then
      fail "$name still runs: pid $pid; to end it at once: sh $script stopf"
    fi
    if [ "$pid" != "$asked" ] && ! keeper >/dev/null; then
      asked=$pid
      kill -TERM "$pid" 2>/dev/null
    fi
    nap
  done
  sweep
  echo "$name has stopped"
}

stopf() {
  pids="$(keeper) $(service)"
  case $pids in
  *[0-9]*) ;;
  *)
    sweep
    echo "$name is not running"
    return 0
    ;;
  esac
  leader=$(line_of 1 "$keeper_file")
  for pid in $pids; do
    group=$(group_of "$pid")
    # Only a group that the keeper leads holds nobody else.
    if [ -n "$group" ] && [ "$group" = "$leader" ]; then kill -KILL "-$group" 2>/dev/null; fi
    kill -KILL "$pid" 2>/dev/null
  done
  tries=100
  while pid=$(keeper) || pid=$(service); do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "Cannot end $name: pid $pid still runs"
    nap
  done
  sweep
  echo "$name was ended at once: pid \${pids# }"
}

status() {
  if pid=$(service); then
    if [ -f "$stopping_file" ]; then
      echo "$name is stopping: pid $pid, log $log"
    elif line=$(ready); then
      echo "$name is running: pid $pid, log $log"
      echo "$line"
    else
      echo "$name is starting: pid $pid, log $log"
    fi
  elif pid=$(keeper); then
    echo "$name has ended and will be started again; see $log"
    exit 1
  else
    echo "$name is not running"
    exit 3
  fi
}

# Follows where a person watches; into a pipe or a file it ends.
logs() {
  lines=100
  follow=
  [ ! -t 1 ] || follow=-F
  while [ $# -gt 0 ]; do
    case $1 in
    -f | -F) follow=-F ;;
    -n)
      lines=\${2:-}
      [ $# -lt 2 ] || shift
      ;;
    -n*) lines=\${1#-n} ;;
    *) lines=$1 ;;
    esac
    shift
  done
  case $lines in '' | *[!0-9]*) usage ;; esac
  [ -f "$log" ] || fail "$name has no log yet: $log"
  exec tail -n "$lines" \${follow:+"$follow"} "$log"
}

usage() {
  echo "usage: sh $script start|stop|stopf|restart|status|logs [-f] [-n LINES]" >&2
  exit 2
}

[ -f "$script" ] || fail "Run it as a file: sh run_script.sh start"
cd "$folder" || exit 1
case \${1:-} in
start) start ;;
stop) stop ;;
stopf) stopf ;;
restart)
  stop
  start
  ;;
status) status ;;
logs)
  shift
  logs "$@"
  ;;
_keep) keep ;;
*) usage ;;
esac
`;
