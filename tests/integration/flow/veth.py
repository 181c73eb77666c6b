# SPDX-License-Identifier: BSD-3-Clause
"""Two sides joined by veth in network namespaces, for nodes and a Linux peer; crafted frames."""
import socket
import struct
import subprocess
import sys

from wires import Failure, run

NODE = sys.argv[1]
POLL_GAP_US = 100000  # other processes share our CPUs; a death is told after four of these


def expect(text, is_true):
    """Fails with the text unless it is so."""
    if not is_true:
        raise Failure(text)


def more_of(arguments):
    """What the device needs for the MTU among a node's arguments: slots that hold its frames."""
    is_jumbo = "--mtu" in arguments and arguments[arguments.index("--mtu") + 1] > 1500
    return ",framesz=9216,blocksz=36864,framecnt=512" if is_jumbo else ""


class Pair:
    """Namespaces A and B with an interface each, joined directly or through a third."""

    def __init__(self, wires, has_middle=False, driver="net_af_packet0", subnet="10.9.0.{}/24",
                 mtu=1500):
        self.wires = wires
        self.driver = driver
        self.subnet = subnet
        self.names = {"a": wires.namespace("a"), "b": wires.namespace("b")}
        self.middle = wires.namespace("m") if has_middle else None
        if has_middle:
            wires.veth((self.names["a"], "wa"), (self.middle, "ma"), mtu)
            wires.veth((self.names["b"], "wb"), (self.middle, "mb"), mtu)
        else:
            wires.veth((self.names["a"], "wa"), (self.names["b"], "wb"), mtu)

    def node(self, side, *more):
        """Node 1 on side a, 2 on side b; once it is open."""
        own, other = (1, 2) if side == "a" else (2, 1)
        started = self.wires.node(
            NODE, ["--device", f"{self.driver},iface=w{side}{more_of(more)}", "--node", own,
                   "--address", self.subnet.format(own), "--peer-node", other, "--peer-address",
                   self.subnet.format(other).split("/")[0], "--poll-gap-us", POLL_GAP_US, *more],
            self.names[side])
        started.wait("open", 60)
        return started

    def interpose(self, *faults):
        """Puts the bad wire between; a process that ends when its input is closed."""
        command = ["ip", "netns", "exec", self.middle, sys.argv[2], "ma", "mb", *faults]
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        if process.stdout.readline() != b"ready\n":
            raise Failure("the interposer did not start")
        return process


def exchange(pair, count):
    """Messages both ways; every one once and in order."""
    one = pair.node("a", "--send", count, "--expect", count, "--lasting", "--seconds", 200)
    two = pair.node("b", "--send", count, "--expect", count, "--lasting", "--seconds", 200)
    for node in (one, two):
        node.wait("done", 180)
    for node in (one, two):
        end = node.finish()
        expect(f"not once and in order: {end}", end["misplaced"] == 0 and end["received"] == count)
    return end


def linux_peer(wires, subnet="10.9.0.{}/24"):
    """A node on side a and the kernel, with an address, on side b."""
    pair = Pair(wires, subnet=subnet)
    more = []
    if ":" in subnet:
        run("ip", "netns", "exec", pair.names["b"], "sysctl", "-qw",
            "net.ipv6.conf.wb.disable_ipv6=0")
        more = ["nodad"]
    run("ip", "-n", pair.names["b"], "address", "add", subnet.format(2), "dev", "wb", *more)
    return pair, pair.node("a")


def raw(pair, frames):
    """Sends frames from side b as they are."""
    script = ("import socket, sys; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); "
              "s.bind(('wb', 0)); [s.send(bytes.fromhex(f)) for f in sys.argv[1:]]")
    run("ip", "netns", "exec", pair.names["b"], sys.executable, "-c", script,
        *(frame.hex() for frame in frames))


def checksum(data):
    """The Internet checksum."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp(payload, port=21000, length=None):
    """A frame with a UDP datagram from the peer's address to the node's."""
    size = 28 + len(payload) if length is None else length
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 64, 17, 0,
                         socket.inet_aton("10.9.0.2"), socket.inet_aton("10.9.0.1"))
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    return (b"\xff" * 6 + b"\x02\x00\x00\x00\x00\x09" + b"\x08\x00" + header +
            struct.pack(">HHHH", 21000, port, size - 20, 0) + payload)


def arp(mac, operation=2):
    """A gratuitous ARP: 10.9.0.2 is at `mac`."""
    return (b"\xff" * 6 + mac + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, operation) +
            mac + socket.inet_aton("10.9.0.2") + b"\0" * 6 + socket.inet_aton("10.9.0.2"))


def tagged(frame, vlan):
    """The frame with a tag of 802.1Q."""
    return frame[:12] + b"\x81\x00" + struct.pack(">H", vlan) + frame[12:]


def ask_arp(target="10.9.0.1"):
    """10.9.0.2 asks who has our address."""
    mac = b"\x02\0\0\0\0\x09"
    return (b"\xff" * 6 + mac + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) + mac +
            socket.inet_aton("10.9.0.2") + b"\0" * 6 + socket.inet_aton(target))
