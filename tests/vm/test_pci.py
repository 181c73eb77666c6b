# SPDX-License-Identifier: BSD-3-Clause
"""Two nodes joined by PCI network cards, in an emulated guest: bound to vfio-pci, behind an IOMMU.

Each kind of card: the nodes meet, names cross, one node is killed and missed, and taken back when
it is started again, on the hugepages that it had.
"""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import guest  # noqa: E402

PROGRAM = os.environ["MYCELIUM_PROGRAM"]
PROFILES = os.environ["MYCELIUM_PROFILES"]
TIMEOUT_S = 150

# The cards of a kind: the profile, the QEMU device, and the drivers that EAL has to load.
KINDS = {
    "e1000": ("e1000e", ["net_e1000"]),
    "virtio": ("virtio-net-pci,disable-legacy=on,iommu_platform=on,ats=on", ["net_virtio"]),
}
# Two queues, and the card's hash over UDP ports decides between them. QEMU computes it in software.
QUEUES = 2
WITH_RSS = (f"virtio-net-pci,disable-legacy=on,iommu_platform=on,ats=on,mq=on,rss=on,"
            f"vectors={2 * QUEUES + 2}")
COMMON_DRIVERS = ["bus_pci", "bus_vdev", "mempool_ring"]

NODE = """node:
  id: {id}
eal:
  lcores:
    - cpu: {cpu}
  hugepages: yes
  memory_mb: 320
ports:
  - name: wire
    profile: {profile}
    device:
      pci_address: "{pci}"
    address: 10.9.0.{id}/24
peers:
  - node_id: {other}
    address: 10.9.0.{other}
segments:
  control_socket: /tmp/node{id}.sock
times:
  # Everything is emulated, and a turn takes long.
  keepalive_us: 20000
  down_after_us: 1000000
actors:
  - name: echo{id}
    class: echo
"""

SCRIPT = """
cd /tmp
bind {pci1}; bind {pci2}
start() {{
    mycelium run /node$1.yaml >/tmp/log$1 2>&1 &
    eval pid$1=$!
}}
# Waits for words in a node's log, as often as said; asks little of the emulated CPUs meanwhile.
until_said() {{
    for try in $(seq 100); do
        [ $(grep -c "$2" /tmp/log$1) -ge $3 ] && echo "STEP $4 ok" && return
        sleep 1
    done
    echo "STEP $4 FAILED"; cat /tmp/log1 /tmp/log2
}}
# A name of node 2 is known on node 1 when messages have crossed, both ways.
until_named() {{
    for try in $(seq 30); do
        mycelium ls /tmp/node1.sock >/tmp/out 2>&1
        grep -q 'name echo2' /tmp/out && echo "STEP $1 ok" && return
        sleep 1
    done
    echo "STEP $1 FAILED"; cat /tmp/out
}}
start 1; start 2
until_said 1 'node 2 lcore 0 is up' 1 met
until_named named
kill -9 $pid2
until_said 1 'node 2 lcore 0 is down' 1 missed
start 2
until_said 1 'node 2 lcore 0 is up' 2 taken_back
until_named named_again
grep -E "counter (rx_frames|rx_bad_checksum|messages_received|checksums_offloaded)" /tmp/out
kill -TERM $pid1; wait $pid1; echo "STEP ended $?"
"""

NODE_OF_TWO = """node:
  id: {id}
eal:
  lcores:
    - cpu: 0
    - cpu: 1
  hugepages: yes
  memory_mb: 360
ports:
  - name: wire
    profile: virtio
    device:
      pci_address: "{pci}"
    address: 10.9.0.{id}/24
    steering: rss
    mbuf_count: 2048
peers:
  - node_id: {other}
    address: 10.9.0.{other}
segments:
  control_socket: /tmp/node{id}.sock
times:
  keepalive_us: 20000
  down_after_us: 2000000
actors:
  - name: echo{id}
    class: echo
    lcore: 1
  - name: load{id}
    class: load
    lcore: 1
    args: "to=echo{other}\\ncount=2000"
"""

# What sends and what answers is on lcores 1.
SCRIPT_OF_TWO = SCRIPT[:SCRIPT.index("start 1; start 2")] + """
start 1; start 2
until_said 1 'node 2 lcore 1 is up' 2 met
until_said 2 'node 1 lcore 1 is up' 2 met_again
until_named named
for try in $(seq 60); do
    mycelium ls /tmp/node2.sock >/tmp/out 2>&1
    [ $(grep 'counter messages_received' /tmp/out | tr -dc 0-9) -ge 4000 ] &&
        echo "STEP answered ok" && break
    sleep 1
done
grep steered /tmp/log1
grep -E "counter (frames_steered|frames_strayed|hellos_sent|messages_received)" /tmp/out
kill -TERM $pid1; wait $pid1; echo "STEP ended $?"
"""


class Cards(unittest.TestCase):
    @staticmethod
    def machine(drivers):
        machine = guest.Guest()
        machine.add_program(PROGRAM, "/usr/bin/mycelium")
        machine.add_drivers(*COMMON_DRIVERS, *drivers)
        for name in os.listdir(PROFILES):
            if name.endswith(".yaml"):
                machine.add(os.path.join(PROFILES, name), os.path.join(PROFILES, name))
        return machine

    def lines_of(self, profile):
        device, drivers = KINDS[profile]
        with self.machine(drivers) as machine:
            for node, other in ((1, 2), (2, 1)):
                machine.write(f"/node{node}.yaml", NODE.format(
                    id=node, other=other, cpu=node - 1, profile=profile,
                    pci=guest.address(node - 1)))
            script = SCRIPT.format(pci1=guest.address(0), pci2=guest.address(1))
            return machine.run(script, [device, device], TIMEOUT_S)

    def check(self, profile):
        lines = self.lines_of(profile)
        text = "\n".join(lines)
        for step in ("met", "named", "missed", "taken_back", "named_again"):
            self.assertIn(f"STEP {step} ok", text)
        self.assertIn("STEP ended 0", text)
        return text

    def test_nodes_meet_over_intel_cards(self):
        text = self.check("e1000")
        # The card adds up what it sends, and the other one checks what it gets.
        self.assertRegex(text, r"checksums_offloaded\W+[1-9]")
        self.assertNotRegex(text, r"rx_bad_checksum\W+[1-9]")

    def counter(self, text, name):
        found = re.search(rf"counter {name}\W+(\d+)", text)
        self.assertIsNotNone(found, text)
        return int(found[1])

    def test_each_lcore_gets_its_frames_by_its_own_queue_of_a_virtio_card(self):
        lack = guest.missing_for_queues()
        if lack:
            self.skipTest(lack)
        with self.machine(["net_virtio"]) as machine:
            for node, other in ((1, 2), (2, 1)):
                machine.write(f"/node{node}.yaml", NODE_OF_TWO.format(
                    id=node, other=other, pci=guest.address(node - 1)))
            script = SCRIPT_OF_TWO.format(pci1=guest.address(0), pci2=guest.address(1))
            text = "\n".join(machine.run(script, [WITH_RSS, WITH_RSS], TIMEOUT_S, hugepages=500,
                                         queues=QUEUES))
        for step in ("met", "met_again", "named", "answered"):
            self.assertIn(f"STEP {step} ok", text)
        self.assertIn("port 'wire' has 2 queues, steered by rss", text)
        # Only what is said before the wish is known may come by the other lcore's queue.
        self.assertGreater(self.counter(text, "frames_steered"), 100)
        self.assertLess(self.counter(text, "frames_strayed"), 20)

    def test_nodes_meet_over_virtio_cards(self):
        self.check("virtio")


if __name__ == "__main__":
    LACK = guest.missing()
    if LACK:
        print(f"skipped: {LACK}")
        sys.exit(77)
    unittest.main(verbosity=2)
