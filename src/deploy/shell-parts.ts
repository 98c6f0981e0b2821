/**
 * What every script stands on that keeps a program running. It needs `log`; `child` is the pid that is waited for.
 * A file of ours holds the pid of a process in its first line and its mark in the second.
 */
export const SHELL_PARTS = `say() {
  printf '%s %s\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >>"$log"
}

# A pid alone may be another program's by now; with its start time and this boot it is not.
mark_of() {
  if [ -d /proc/self ]; then
    fields=$(sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null) || return 1
    # The state is the first of them, the start time the twentieth.
    case $fields in Z* | X* | '') return 1 ;; esac
    echo "$(cat /proc/sys/kernel/random/boot_id) $(echo "$fields" | cut -d ' ' -f 20)"
  else
    case $(ps -o stat= -p "$1" 2>/dev/null) in Z* | '') return 1 ;; esac
    ps -o lstart= -p "$1"
  fi
}

line_of() {
  sed -n "$1p" "$2" 2>/dev/null
}

# Prints the pid in a file of ours if that very process lives. A shell of its own: it changes nobody's pid.
living() (
  pid=$(line_of 1 "$1")
  case $pid in '' | *[!0-9]*) exit 1 ;; esac
  mark=$(mark_of "$pid") && [ "$mark" = "$(line_of 2 "$1")" ] && echo "$pid"
)

# Succeeds for one of all that start at the same time: the file is its then.
take_lock() {
  mine=$1.$$
  printf '%s\\n' "$$" "$(mark_of "$$")" >"$mine" || return 1
  if ! ln "$mine" "$1" 2>/dev/null && ! living "$1" >/dev/null; then
    # Left behind by one that was killed. Who else sees that now replaces it too: the last one wins.
    mv -f "$mine" "$1"
    sleep 1
  fi
  rm -f "$mine"
  [ "$(line_of 1 "$1")" = "$$" ]
}

wait_for_child() {
  while :; do
    wait "$child"
    code=$?
    # A signal ends the wait early: then the child is still there.
    if [ "$code" -le 128 ] || ! kill -0 "$child" 2>/dev/null; then break; fi
  done
  child=
}
`;
