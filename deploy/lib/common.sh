# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # names that are set here and used elsewhere, or the reverse
# Sourced by the commands in deploy/: where we are, how to speak, how to act as root.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# A headline, so that a reader of a long log finds the place.
step() {
    printf '\n== %s\n' "$*"
}

say() {
    printf '%s\n' "$*"
}

# What went wrong, and what to do about it.
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Runs a command as root: directly, or through sudo when that asks for no password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -n -- "$@"
    else
        return 1
    fi
}

can_be_root() {
    as_root true 2>/dev/null
}

# Runs a command with its output in a file, which is shown only when the command fails.
quietly() {
    local log=$1 status=0

    shift
    mkdir -p "$(dirname "$log")"
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if [ "$status" -ne 0 ]; then
        say "failed (exit $status): $*"
        say "the end of $log:"
        tail -n 60 "$log"
    fi
    return "$status"
}
