# shellcheck shell=bash
# What `kafka` and `redis` share about the processes that they start; sourced by both.
# A process is ours when its number is in the pid file and a mark that we gave it is one of the
# words of its command line: numbers are used again, and a stale file must never end a stranger.

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$@"; exit 1; }
misused() { say "$* (see: ${0##*/} --help)"; exit 2; }

is_number() { [[ $1 =~ ^[0-9]{1,9}$ ]]; }

# port_taken PORT: something listens there on loopback.
port_taken() { (: < "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

# running_pid FILE MARK: prints the number of the process and succeeds while it runs.
running_pid() {
  local pid words look
  { read -r pid < "$1"; } 2> /dev/null || return 1
  is_number "$pid" || return 1
  for look in {1..10}; do
    { words=$(tr '\0' '\n' < "/proc/$pid/cmdline"); } 2> /dev/null || return 1
    # While a process becomes another program its words are gone for a moment; those of one that
    # has ended stay gone.
    [[ -z $words && $look -lt 10 ]] || break
    sleep 0.01
  done
  grep -qxF -- "$2" <<< "$words" || return 1
  printf '%s\n' "$pid"
}

running() { running_pid "$@" > /dev/null; }

# wait_gone FILE MARK SECONDS
wait_gone() {
  local deadline=$((SECONDS + $3))
  while running "$1" "$2"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

# signal NAME FILE MARK: nothing happens to a process that is not there any more.
signal() {
  local pid
  ! pid=$(running_pid "$2" "$3") || kill -s "$1" "$pid" 2> /dev/null || true
}

# detached FILE MARK OUTPUT COMMAND...: runs it out of reach of our terminal's Ctrl-C. It must not
# hold what we were given either: a lock, or a pipe whose reader waits for its end.
detached() {
  (
    exec < /dev/null > "$3" 2>&1
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      ((fd <= 2 || fd == 255)) || exec {fd}>&-
    done
    exec setsid "${@:4}"
  ) &
  echo "$!" > "$1"
  until running "$1" "$2" || ! kill -0 "$!" 2> /dev/null; do sleep 0.02; done
}
