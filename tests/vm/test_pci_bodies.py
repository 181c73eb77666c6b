# SPDX-License-Identifier: BSD-3-Clause
"""Large messages over PCI network cards, in an emulated guest, from the heap that they lie in.

The heap is memory of the node's own, which the card reads by DMA: registered with DPDK, mapped in
the IOMMU. Bodies whose every byte is checked where they arrive leave without a copy, as the
counters say; the heap is whole again when all have come and the actor that sent them has ended, and
when the node that was to get them has died half-way and come back. A fault of the IOMMU would be in
the kernel's log.
"""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import guest  # noqa: E402
import test_pci  # noqa: E402

PLUGIN = os.environ["MYCELIUM_BULK_PLUGIN"]
TIMEOUT_S = 240
COUNT = 40  # bodies, five times what the heap takes
SIZE = 1000000  # bytes; no part needs a pad
HEAP_MB = 16  # half of it for what is sent

NODE = """node:
  id: {id}
eal:
  lcores:
    - cpu: {cpu}
  hugepages: yes
  memory_mb: 320
  arguments: [{arguments}]
limits:
  heap_mb_max: {heap}
ports:
  - name: wire
    profile: {profile}
    device:
      pci_address: "{pci}"
    address: 10.9.0.{id}/24
peers:
  - node_id: {other}
    address: 10.9.0.{other}
{security}
segments:
  control_socket: /tmp/node{file}.sock
times:
  keepalive_us: 20000
  down_after_us: 1000000
actors:
"""
TAKER = """
  - name: bulk
    class: bulk_take
    library: /usr/lib/bulk_plugin.so
"""
SENDER = """
  - name: heap
    class: bulk_heap
    library: /usr/lib/bulk_plugin.so
    args: "{bytes}"
  - name: sender
    class: bulk_send
    library: /usr/lib/bulk_plugin.so
    args: "{count} {size}"
"""
SECURITY = """    security: {security}
    security_key_file: /key
"""

PROLOGUE = """
cd /tmp
bind {pci1}; bind {pci2}
start() {{
    mycelium run /node$1.yaml >/tmp/log$1 2>&1 &
    eval pid$1=$!
}}
stop() {{
    eval kill -TERM \\$pid$1; eval wait \\$pid$1; echo "STEP $2 ended $?"
}}
fails() {{
    echo "STEP $1 FAILED"; tail -n 15 /tmp/log*; dmesg | grep DMAR | tail -n 5
    for file in /tmp/*.sock; do mycelium ls $file | grep parts_; done
}}
until_said() {{
    for try in $(seq 100); do
        [ $(grep -c "$2" /tmp/log$1) -ge $3 ] && echo "STEP $4 ok" && return
        sleep 1
    done
    fails $4
}}
until_whole() {{
    for try in $(seq 60); do
        [ "$(grep bulk_heap /tmp/log$1 | tail -n 1)" = "bulk_heap: whole" ] &&
            echo "STEP $2 ok" && return
        sleep 1
    done
    fails $2
}}
"""

# Bodies in number: all arrive, the sender ends, the heap is whole.
FEW = """
start 1; start 2
until_said 2 'bulk_take: {count} right, 0 wrong' 1 came
until_said 1 'bulk_send: has sent {count} and ends: OK' 1 gone
until_said 1 'bulk_heap: short' 1 was_short
until_whole 1 home
grep 'sends large bodies' /tmp/log1
mycelium ls /tmp/node1.sock | grep -E "counter (parts_|frames_retransmitted|tx_stuck)"
stop 1 first
"""

# Bodies without end, and the node that takes them is killed half-way. What the card has of them it
# may keep until the wire takes frames again.
ENDLESS = """
start 3
until_said 3 'bulk_heap: short' 1 short_again
until_said 3 'node 2 lcore 0 is up' 1 up_again
sleep 2
kill -9 $pid2
until_said 3 'node 2 lcore 0 is down' 1 missed
until_said 3 'ends: UNREACHABLE' 1 refused
start 2
until_said 3 'node 2 lcore 0 is up' 2 taken_back
until_whole 3 home_again
stop 3 second
"""

AUTHENTIC = """
start 4; start 5
until_said 5 'bulk_take: {count} right, 0 wrong' 1 sealed_came
until_whole 4 sealed_home
mycelium ls /tmp/node4.sock | grep -E "counter (parts_|refused_tag)" |
    sed 's/counter /counter sealed_/'
stop 4 third; stop 5 fourth
"""

EPILOGUE = """
echo "FAULTS $(dmesg | grep -c 'DMAR:.*fault')"
"""


class Bodies(unittest.TestCase):
    @staticmethod
    def node(machine, file, profile, security="off", count=COUNT, arguments=""):
        node = 2 if file in (2, 5) else 1
        text = NODE.format(
            id=node, other=3 - node, cpu=node - 1, file=file, profile=profile, heap=HEAP_MB,
            arguments=arguments, pci=guest.address(node - 1),
            security=SECURITY.format(security=security) if security != "off" else "")
        text += TAKER if node == 2 else SENDER.format(bytes=HEAP_MB << 19, count=count, size=SIZE)
        machine.write(f"/node{file}.yaml", text)

    def run_guest(self, profile, script, security="auth", arguments="", **options):
        device, drivers = test_pci.KINDS[profile]
        with test_pci.Cards.machine(drivers) as machine:
            machine.add(PLUGIN, "/usr/lib/bulk_plugin.so", 0o755)
            machine.write("/key", "11" * 32 + "\n", 0o600)
            self.node(machine, 1, profile, arguments=arguments)
            self.node(machine, 2, profile, arguments=arguments)
            self.node(machine, 3, profile, count=0)
            self.node(machine, 4, profile, security)
            self.node(machine, 5, profile, security)
            script = (PROLOGUE.format(pci1=guest.address(0), pci2=guest.address(1))
                      + script.format(count=COUNT) + EPILOGUE)
            text = "\n".join(machine.run(script, [device, device], TIMEOUT_S, **options))
        self.assertNotIn("FAILED", text)
        self.assertIn("FAULTS 0", text)
        return text

    def counter(self, text, name):
        """`mycelium ls` leaves out what is 0."""
        found = re.search(rf"counter {name} +(\d+)", text)
        return int(found[1]) if found else 0

    def check_attached(self, text, prefix="", astride=False):
        sent = self.counter(text, prefix + "parts_sent")
        self.assertGreaterEqual(sent, COUNT * SIZE // 1500)
        apart = self.counter(text, prefix + "parts_astride")
        self.assertEqual(self.counter(text, prefix + "parts_attached") + apart, sent)
        self.assertEqual(self.counter(text, prefix + "parts_copied"), 0)
        self.assertEqual(self.counter(text, prefix + "parts_unattached"), 0)
        if astride:
            self.assertLess(apart, sent // 500)
        else:
            self.assertEqual(apart, 0)

    def check_few(self, text):
        for step in ("came", "gone", "was_short", "home"):
            self.assertIn(f"STEP {step} ok", text)
        self.assertIn("STEP first ended 0", text)

    def check_endless(self, text):
        for step in ("short_again", "up_again", "missed", "refused", "taken_back", "home_again"):
            self.assertIn(f"STEP {step} ok", text)
        self.assertIn("STEP second ended 0", text)

    def test_an_intel_card_sends_bodies_from_the_heap_by_virtual_addresses(self):
        text = self.run_guest("e1000", FEW + ENDLESS)
        self.check_few(text)
        self.check_endless(text)
        self.check_attached(text)
        self.assertIn("port 'wire' sends large bodies without a copy: net_e1000_em reads them in "
                      "the heap, by virtual addresses", text)

    def test_an_intel_card_sends_bodies_from_the_heap_by_physical_addresses(self):
        text = self.run_guest("e1000", FEW, arguments='"--iova-mode=pa"')
        self.check_few(text)
        self.check_attached(text, astride=True)
        self.assertIn("by physical addresses", text)

    def test_an_intel_card_sends_authenticated_bodies_from_the_heap(self):
        text = self.run_guest("e1000", AUTHENTIC, address_bits=48)
        for step in ("sealed_came", "sealed_home"):
            self.assertIn(f"STEP {step} ok", text)
        self.assertIn("STEP third ended 0", text)
        self.check_attached(text, "sealed_")
        self.assertEqual(self.counter(text, "sealed_refused_tag"), 0)
        self.assertIn("STEP fourth ended 0", text)

    def test_a_virtio_card_sends_bodies_from_the_heap(self):
        text = self.run_guest("virtio", FEW + ENDLESS, address_bits=48)
        self.check_few(text)
        self.check_endless(text)
        self.check_attached(text)
        self.assertIn("net_virtio reads them in the heap, by virtual addresses", text)


if __name__ == "__main__":
    LACK = guest.missing()
    if LACK:
        print(f"skipped: {LACK}")
        sys.exit(77)
    unittest.main(verbosity=2)
