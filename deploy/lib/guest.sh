# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # names that are set here and used elsewhere, or the reverse
# The kernel of the emulated guests in tests/vm: Debian's own package, unpacked and not installed,
# so that nobody's boot loader is touched.

# Unpacks the kernel into build-test/guest, once, and exports MYCELIUM_GUEST.
guest_prepare() {
    local folder=$top/build-test/guest package

    export MYCELIUM_GUEST=$folder
    if compgen -G "$folder/boot/vmlinuz-*" >/dev/null; then
        say "the guest's kernel is there"
        return 0
    fi
    package=$(apt-cache depends "linux-image-$(dpkg --print-architecture)" 2>/dev/null |
        sed -n 's/^ *Depends: //p' | head -n 1)
    if [ -z "$package" ]; then
        say "apt knows no kernel for the guest: tests in emulated guests are skipped"
        return 0
    fi
    mkdir -p "$folder/package"
    if (cd "$folder/package" &&
        quietly "$top/build-test/guest.log" apt-get download "$package" &&
        quietly "$top/build-test/guest.log" dpkg-deb -x "$package"_*.deb "$folder"); then
        say "the guest's kernel is $package"
    else
        say "the guest's kernel cannot be had: tests in emulated guests are skipped"
    fi
    rm -rf "$folder/package"
}
