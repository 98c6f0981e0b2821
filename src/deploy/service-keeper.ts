import { SHELL_PARTS } from "./shell-parts.ts";

/**
 * What the verbs of a service's script stand on; it needs what `serviceScript` writes above it.
 * The keeper is the script itself, in the background:
 *
 *   start → keeper → program ── crash ──→ wait → program …
 *                       ├── ended with 0 or 2, or was never ready → keeper ends
 *   stop  → keeper ── TERM, once ──→ program drains → both end
 */
export const SERVICE_KEEPER = `
fail() {
  echo "$*" >&2
  exit 1
}

nap() {
  sleep 0.1 2>/dev/null || sleep 1
}

${SHELL_PARTS}
# ---- what runs: keeper_file holds pid and mark; service_file also where its log begins, and its ready line

# The process group, for stopf.
group_of() {
  if [ -d /proc/self ]; then
    sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 3
  else
    ps -o pgid= -p "$1" | tr -d ' '
  fi
}

keeper() {
  living "$keeper_file"
}

service() {
  living "$service_file"
}

# Prints the line with which the program said that it is ready.
ready() {
  line_of 4 "$service_file" | grep .
}

# What was printed since the program was started; other services of this folder write to the same log.
printed() {
  begin=$(line_of 3 "$service_file")
  # One of them may have put it aside meanwhile.
  [ "\${begin:-0}" -le "$(log_bytes)" ] || begin=0
  tail -c "+$((\${begin:-0} + 1))" "$log" 2>/dev/null
}

# The line says whose it is. A worker's print without an end may stand before it.
note_ready() {
  line=$(printed | awk -v text="$ready_text" -v json="$ready_json" -v pid="$(line_of 1 "$service_file")" \\
    '(index($0, text) && index($0 " ", " pid=" pid " ")) ||
      (index($0, json) && match($0, "\\"pid\\":" pid "[,}]")) { print; exit }')
  [ -n "$line" ] && put "$service_file" "$(sed -n 1,3p "$service_file")
$line"
}

put() {
  printf '%s\\n' "$2" >"$1.$$" && mv -f "$1.$$" "$1"
}

# ---- the keeper

log_bytes() {
  if [ -f "$log" ]; then wc -c <"$log" | tr -d ' '; else echo 0; fi
}

# The program writes at the end of the file, wherever that is: so the file is copied, then emptied.
rotate() {
  [ "$(log_bytes)" -gt "$max_log_bytes" ] || return 0
  number=$logs_kept
  while [ "$number" -gt 1 ]; do
    [ ! -f "$log.$((number - 1))" ] || mv -f "$log.$((number - 1))" "$log.$number"
    number=$((number - 1))
  done
  if cp "$log" "$log.1"; then : >"$log"; fi
}

# Beside the program: waits for its ready line, and looks after the log.
watch() {
  sleeper=
  trap 'kill "$sleeper" 2>/dev/null; exit' TERM
  trap - EXIT
  pause=0.2
  while service >/dev/null; do
    if [ "$pause" != 10 ] && note_ready; then pause=10; fi
    [ "$pause" != 10 ] || rotate
    sleep "$pause" 2>/dev/null &
    sleeper=$!
    wait "$sleeper" || { [ "$pause" = 10 ] || pause=1; }
  done
}

stop_child() {
  [ -z "$stopping" ] || return 0
  stopping=yes
  touch "$stopping_file"
  # Once: a second signal would end it without finishing its work.
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}

leave() {
  rm -f "$keeper_file" "$service_file" "$pid_file" "$stopping_file"
}

keep() {
  take_lock "$keeper_file" || exit 1
  rm -f "$service_file" "$pid_file" "$stopping_file"
  trap leave EXIT
  stopping=
  child=
  was_ready=
  wait_s=1
  trap stop_child TERM INT
  trap '[ -z "$child" ] || kill -HUP "$child" 2>/dev/null' HUP
  while :; do
    rotate
    begin=$(log_bytes)
    started=$(date +%s)
    run_program </dev/null >>"$log" 2>&1 &
    child=$!
    if ! put "$service_file" "$child
$(mark_of "$child")
$begin" || ! put "$pid_file" "$child"; then
      # One that nobody finds could not be stopped either.
      kill -TERM "$child"
      wait "$child"
      exit 1
    fi
    [ -z "$stopping" ] || kill -TERM "$child" 2>/dev/null
    watch &
    watcher=$!
    wait_for_child
    kill "$watcher" 2>/dev/null
    wait "$watcher"
    if note_ready; then was_ready=yes; fi
    rm -f "$pid_file"
    if [ -n "$stopping" ]; then
      say "$name was stopped, and ended with code $code"
      exit 0
    fi
    ran_s=$(($(date +%s) - started))
    if [ "$code" -eq 0 ] || [ "$code" -eq 2 ] || [ -z "$was_ready" ]; then
      say "$name ended with code $code after $ran_s s"
      exit "$code"
    fi
    [ "$ran_s" -lt "$max_wait_s" ] || wait_s=1
    say "$name ended with code $code after $ran_s s, starts again in $wait_s s"
    sleep "$wait_s" &
    child=$!
    wait_for_child
    [ -z "$stopping" ] || exit 0
    wait_s=$((wait_s * 2))
    [ "$wait_s" -le "$max_wait_s" ] || wait_s=$max_wait_s
  done
}
`;
