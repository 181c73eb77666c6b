# SPDX-License-Identifier: BSD-3-Clause
"""Boots Linux in an emulated machine with PCI cards, runs a script there, brings back its output.

QEMU emulates everything (no KVM), with an IOMMU, so that vfio-pci binds cards as on a server. The
guest is the kernel of a Debian package and an initramfs that is made here: busybox, the programs
under test with the libraries that they load, DPDK's drivers, and a script as /init. It has no disk
and no network but the cards that are asked for, and ends with its script.
"""
import glob
import os
import re
import shutil
import subprocess
import tempfile

QEMU = "qemu-system-x86_64"
BUSYBOX = "/bin/busybox"
IOMMU = "intel-iommu,intremap=on,device-iotlb=on"
MEMORY_MB = 1536
CPUS = 2
BOOT_S = 90
# On a busy host the emulated timer comes too late for the kernel's check of it, which then panics.
KERNEL_WORDS = "console=ttyS0 quiet panic=-1 intel_iommu=on no_timer_check tsc=reliable"
MODULES = ["irqbypass", "vfio_virqfd", "vfio", "vfio_iommu_type1", "vfio-pci-core", "vfio-pci"]
UNWINDER = "/lib/x86_64-linux-gnu/libgcc_s.so.1"  # loaded by pthread_cancel alone
DRIVERS = "/usr/lib/x86_64-linux-gnu/dpdk/pmds-*/*.so*"

# Before the test's own lines: the file systems, the modules, hugepages, and cards for vfio-pci.
PROLOGUE = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin:/usr/bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/shm /run /var/run /tmp /mnt/huge
mount -t tmpfs tmpfs /dev/shm; mount -t tmpfs tmpfs /run
ip link set lo up
for module in {modules}; do insmod /modules/$module.ko; done
echo {hugepages} >/proc/sys/vm/nr_hugepages; mount -t hugetlbfs huge /mnt/huge
bind() {{
    echo vfio-pci >/sys/bus/pci/devices/$1/driver_override
    echo $1 >/sys/bus/pci/drivers_probe
}}
"""
EPILOGUE = """
echo GUEST-ENDS
poweroff -f
"""


def missing():
    """What this machine lacks for a guest, as a sentence; None: nothing."""
    if not shutil.which(QEMU):
        return f"{QEMU} is not installed"
    if not os.path.exists(BUSYBOX):
        return "busybox-static is not installed"
    if not kernel():
        return "no Debian kernel is unpacked in MYCELIUM_GUEST (deploy/test does it)"
    return None


def kernel():
    """The folder of a kernel package, and its image; None when there is none."""
    root = os.environ.get("MYCELIUM_GUEST", "")
    images = sorted(glob.glob(os.path.join(root, "boot", "vmlinuz-*"))) if root else []
    return (root, images[-1]) if images else None


def libraries(path):
    """Every file that the loader maps for a program or library."""
    text = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
    return re.findall(r"(/\S+) \(0x", text)


def missing_for_queues():
    """What this machine lacks for cards with several queues, as a sentence; None: nothing."""
    if os.geteuid() != 0:
        return "cards with several queues need a multi-queue tap, and that root"
    if not os.path.exists("/dev/net/tun"):
        return "there is no /dev/net/tun for cards with several queues"
    return None


class Hubs:
    """A wire between each pair of cards within QEMU; a card has one queue."""

    runner = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    @staticmethod
    def netdev(index):
        return f"hubport,id=net{index},hubid={index // 2}"


class Bridges:
    """A bridge between each pair of cards, in a network namespace of its own: QEMU gives a card
    several queues only over a netdev that has them, and of these a tap asks for the least."""

    def __init__(self, cards, queues):
        self.name = f"mycelium-guest-{os.getpid()}"
        self.runner = ["ip", "netns", "exec", self.name]
        self.cards, self.queues = cards, queues

    def __enter__(self):
        self._ip("netns", "add", self.name)
        for pair in range((self.cards + 1) // 2):
            self._ip("-n", self.name, "link", "add", f"br{pair}", "type", "bridge")
            self._ip("-n", self.name, "link", "set", "dev", f"br{pair}", "up")
        for index in range(self.cards):
            self._ip("-n", self.name, "tuntap", "add", "mode", "tap", "multi_queue", "name",
                     f"tap{index}")
            self._ip("-n", self.name, "link", "set", "dev", f"tap{index}", "master",
                     f"br{index // 2}", "up")
        return self

    def __exit__(self, *_):
        self._ip("netns", "delete", self.name)

    @staticmethod
    def _ip(*words):
        subprocess.run(["ip", *words], check=True)

    def netdev(self, index):
        return (f"tap,id=net{index},ifname=tap{index},script=no,downscript=no,vhost=off,"
                f"queues={self.queues}")


class Guest:
    """One boot. Files are added first; run() boots, and returns the lines between."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="mycelium-guest-")
        for folder in ("bin", "proc", "sys", "dev", "modules", "usr/share/mycelium/pmd-config"):
            os.makedirs(os.path.join(self.root, folder))
        shutil.copy(BUSYBOX, os.path.join(self.root, "bin/busybox"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def add(self, path, inside=None, mode=None):
        """A file. What is a link stays one, because EAL would take a second copy of a driver for
        another driver."""
        real = os.path.realpath(path)
        target = self._place(inside or real)
        shutil.copy(real, target)
        if mode is not None:
            os.chmod(target, mode)
        if not inside and path != real and not os.path.lexists(link := self._place(path)):
            os.symlink(real, link)

    def _place(self, inside):
        target = os.path.join(self.root, inside.lstrip("/"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        return target

    def write(self, inside, text, mode=0o644):
        target = self._place(inside)
        with open(target, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(target, mode)

    def add_program(self, path, inside):
        """A program, what it loads, and DPDK's drivers, which EAL loads by folder."""
        self.add(path, inside, 0o755)
        for library in (*libraries(path), UNWINDER):
            self.add(library)

    def add_drivers(self, *names):
        for path in glob.glob(DRIVERS):
            if any(f"librte_{name}.so" in path for name in names):
                self.add(path)
                for library in libraries(path):
                    self.add(library)

    def _add_modules(self, root):
        for name in MODULES:
            (path,) = glob.glob(os.path.join(root, "lib/modules/*/kernel/**", name + ".ko"),
                                recursive=True)
            self.add(path, f"modules/{name}.ko")

    def _pack(self, image):
        """The initramfs, as the kernel takes it: a cpio archive of the newc format."""
        names = subprocess.run(["find", ".", "-print0"], cwd=self.root, capture_output=True,
                               check=True).stdout
        with open(image, "wb") as file:
            subprocess.run(["cpio", "--null", "--create", "--format=newc", "--quiet"],
                           cwd=self.root, input=names, stdout=file, check=True)

    def run(self, script, cards, timeout_s, hugepages=400, queues=1, address_bits=39):
        """`cards` are QEMU device names with options; each pair of them is joined by a wire.
        `address_bits` of the IOMMU: with 39, QEMU's default, DPDK takes physical addresses, with 48
        virtual ones. Returns the guest's lines after the prologue; raises when it did not end by
        itself."""
        root, image = kernel()
        self._add_modules(root)
        prologue = PROLOGUE.format(modules=" ".join(MODULES), hugepages=hugepages)
        self.write("init", prologue + script + EPILOGUE, 0o755)
        wires = Hubs() if queues == 1 else Bridges(len(cards), queues)
        with wires, tempfile.TemporaryDirectory(prefix="mycelium-initrd-") as folder:
            initrd, serial = os.path.join(folder, "initrd"), os.path.join(folder, "serial")
            self._pack(initrd)
            command = [*wires.runner, QEMU, "-machine", "q35,kernel-irqchip=split",
                       "-accel", "tcg,thread=multi",
                       "-device", f"{IOMMU},aw-bits={address_bits}", "-cpu", "max",
                       "-smp", str(CPUS), "-m", str(MEMORY_MB), "-nographic", "-no-reboot",
                       "-nodefaults", "-serial", f"file:{serial}",
                       "-kernel", image, "-initrd", initrd, "-append", KERNEL_WORDS]
            for index, card in enumerate(cards):
                command += ["-netdev", wires.netdev(index),
                            "-device", f"{card},netdev=net{index},addr={4 + index:#x},romfile="]
            try:
                done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                      text=True, timeout=BOOT_S + timeout_s, check=False)
                end = done.stderr
            except subprocess.TimeoutExpired:
                end = f"it was ended after {BOOT_S + timeout_s} s"
            with open(serial, encoding="utf-8", errors="replace") as file:
                lines = file.read().replace("\r", "").split("\n")
        if "GUEST-ENDS" not in lines:
            raise AssertionError("the guest did not reach its end: " + end + "\n"
                                 + "\n".join(lines[-80:]))
        return lines


def address(index):
    """Where the guest sees card `index`."""
    return f"0000:00:{4 + index:02x}.0"
