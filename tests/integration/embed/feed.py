# SPDX-License-Identifier: BSD-3-Clause
"""The feed: numbered multicast datagrams into an interface, as fast as they are acknowledged.

Arguments: the network namespace, and the Ethernet type of acknowledgements. Until it is ended.
"""
import ctypes
import os
import signal
import socket
import struct
import sys

INTERFACE = "wb"
WINDOW = 256  # frames in flight
PR_SET_PDEATHSIG = 1


def feed_frame(number):
    """A datagram to 239.1.1.1:30001 with a number in it."""
    payload = struct.pack("=Q", number) + b"\0" * 24
    size = 20 + 8 + len(payload)
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 1, 17, 0,
                         socket.inet_aton("10.9.0.9"), socket.inet_aton("239.1.1.1"))
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xffff) + (total >> 16)
    header = header[:10] + struct.pack(">H", ~total & 0xffff) + header[12:]
    return (bytes.fromhex("01005e010101020000000009") + b"\x08\x00" + header +
            struct.pack(">HHHH", 30001, 30001, 8 + len(payload), 0) + payload)


def send(wire, ack_type):
    """Fills the window, and waits for an acknowledgement, again and again."""
    sent = acknowledged = 0
    while True:
        while sent < acknowledged + WINDOW:
            sent += 1
            wire.send(feed_frame(sent))
        try:
            frame = wire.recv(2048)
        except TimeoutError:
            continue
        if frame[12:14] == struct.pack(">H", ack_type):
            acknowledged = max(acknowledged, struct.unpack("=Q", frame[14:22])[0])


def main():
    namespace, ack_type = sys.argv[1], int(sys.argv[2])
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    with open(f"/run/netns/{namespace}", encoding="ascii") as file:
        if libc.setns(file.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ack_type)) as wire:
        wire.bind((INTERFACE, ack_type))
        wire.settimeout(1)
        send(wire, ack_type)


if __name__ == "__main__":
    main()
