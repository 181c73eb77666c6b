# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # names that are set here and used elsewhere, or the reverse
# Hugepages, reserved while the machine runs; when there are none, it is said, and --no-huge used.

hugepages_folder=/run/mycelium/hugepages

hugepages_free() {
    awk '/^HugePages_Free:/ { print $2 }' /proc/meminfo
}

# Raises the number of 2 MB pages until `wanted` are free; never lowers it.
hugepages_raise() {
    local wanted=$1 free total

    free=$(hugepages_free)
    [ "${free:-0}" -lt "$wanted" ] || return 0
    total=$(cat /proc/sys/vm/nr_hugepages 2>/dev/null) || return 1
    as_root sh -c "echo $((total + wanted - free)) >/proc/sys/vm/nr_hugepages" 2>/dev/null
    [ "$(hugepages_free)" -ge "$wanted" ]
}

hugepages_mount() {
    grep -q ' hugetlbfs ' /proc/mounts && return 0
    as_root mkdir -p "$hugepages_folder" 2>/dev/null &&
        as_root mount -t hugetlbfs -o mode=1777 mycelium "$hugepages_folder" 2>/dev/null
}

# Reserves `wanted` pages of 2 MB and mounts hugetlbfs where nothing has. Sets and exports
# MYCELIUM_HUGEPAGES to yes or no, which the tests and the demo read.
hugepages_reserve() {
    local wanted=$1

    export MYCELIUM_HUGEPAGES=no
    if ! hugepages_raise "$wanted"; then
        say "no hugepages (wanted $wanted of 2 MB, free: $(hugepages_free)): going on with" \
            "--no-huge, on ordinary pages, which is slower"
    elif ! hugepages_mount; then
        say "hugetlbfs cannot be mounted here: going on with --no-huge, on ordinary pages," \
            "which is slower"
    else
        MYCELIUM_HUGEPAGES=yes
        say "hugepages: $(hugepages_free) of 2 MB are free"
    fi
}
