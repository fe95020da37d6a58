#!/usr/bin/env bash
# One run: tap | target-selligent, from where the last run ended. For cron and for every scheduler that starts a command.
#
#   recipes/nightly.sh FOLDER TAP [OPTION...]
#
# The folder has config.json of the target and keeps state.json. TAP and its options are the tap's command, such as
# `tap-postgres --config tap.json --catalog catalog.json`. Exit code: that of the first part that failed, 1 if a run goes on.
set -euo pipefail

cd "$1"
shift
exec 9>.lock
if ! flock --nonblock 9; then
  echo "the last run still goes on: nothing is started" >&2
  exit 1
fi

state=()
if [[ -s state.json ]]; then state=(--state state.json); fi

# Without pipefail, a tap that fails would look like the end of its data.
code=0
"$@" "${state[@]}" 9>&- | target-selligent --config config.json >states.jsonl 9>&- || code=$?

# Each line is a STATE whose records are loaded, also if the run failed: the next one starts behind it. `read` leaves out
# a last line without an end, as a lost machine may leave it.
last=
while IFS= read -r line; do last=$line; done <states.jsonl
if [[ -n $last ]]; then
  printf '%s\n' "$last" >state.json.new
  mv state.json.new state.json
fi
exit "$code"
