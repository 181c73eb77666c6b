# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # names that are set here and used elsewhere, or the reverse
# Debian packages that Mycelium needs. Only what is missing is installed; nothing is removed.

packages_to_build=(
    gcc
    libc6-dev
    meson
    ninja-build
    pkg-config
    python3
    libdpdk-dev
    libnuma-dev
    libjansson-dev
    libcyaml-dev
    libyaml-dev
    libpcap-dev
    libipsec-mb-dev
    libssl-dev
    zlib1g-dev
)

# iproute2 and nftables make the network namespaces and the losses of the wire tests; libsystemd-dev
# is what Debian's DPDK forgets to ask for when a program is linked to it statically; QEMU, busybox
# and cpio make the emulated guests of tests/vm; tshark reads captures with our dissectors; valgrind
# counts instructions; dpdk-dev has dpdk-dumpcap; chromium shows the page of a report; the last six
# are the peers of benchmarks/compare.
packages_to_test=(
    g++
    git
    clang
    clang-format
    libclang-rt-14-dev
    libcmocka-dev
    dpdk-dev
    libsystemd-dev
    shellcheck
    spin
    iproute2
    iputils-ping
    qemu-system-x86
    busybox-static
    cpio
    nftables
    procps
    tshark
    valgrind
    chromium
    cargo
    erlang-base
    libcaf-dev
    libnng-dev
    librust-tokio-dev
    libzmq3-dev
)

packages_missing() {
    local package

    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            printf '%s\n' "$package"
    done
}

# Installs what is missing of the named packages. Asks apt for new lists only when something is.
packages_install() {
    local missing
    local -a names

    missing=$(packages_missing "$@")
    if [ -z "$missing" ]; then
        say "all $# packages are there"
        return 0
    fi
    mapfile -t names <<<"$missing"
    say "installing: ${names[*]}"
    can_be_root || die "cannot install ${names[*]}: run this as root, or install them first"
    quietly "$top/build-test/apt-update.log" as_root apt-get update ||
        say "apt-get update failed; trying with the lists that are there"
    quietly "$top/build-test/apt-install.log" as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "${names[@]}" ||
        die "apt-get could not install ${names[*]}: see the lines above"
}
