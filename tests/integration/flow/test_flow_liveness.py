# SPDX-License-Identifier: BSD-3-Clause
"""Who is dead and who only sleeps: two nodes over a veth pair, one of them stopped for a while."""
import os
import signal
import subprocess
import sys
import time

from veth import POLL_GAP_US, Pair, expect
from wires import SKIP, Wires, can_make_namespaces, main

BOUND_S = 4 * POLL_GAP_US / 1e6  # as computed from the poll gap that both announce
WATCH_S = 60 if os.environ.get("MYCELIUM_LONG") == "1" else 6
HOG = "while True: pass"


def stop_for(node, seconds):
    """The whole process, as a debugger or a swapped-out host would."""
    node.process.send_signal(signal.SIGSTOP)
    time.sleep(seconds)
    node.process.send_signal(signal.SIGCONT)


def test_half_the_bound_asleep_beside_a_cpu_hog_at_full_load_is_no_death():
    """detector_false_positive: no epoch ends, whoever sleeps."""
    with Wires("l") as wires:
        pair = Pair(wires)
        load = ["--send", 1 << 40, "--lasting", "--seconds", WATCH_S + 60]
        nodes = [pair.node("a", *load), pair.node("b", *load)]
        for node in nodes:
            node.wait("up", 30)
        hog = subprocess.Popen([sys.executable, "-c", HOG])
        try:
            end = time.monotonic() + WATCH_S
            naps = 0
            while time.monotonic() < end:
                stop_for(nodes[naps % 2], BOUND_S / 2)
                time.sleep(0.1)
                naps += 1
        finally:
            hog.kill()
            hog.wait()
        for node in nodes:
            counts = node.finish()
            downs = [event for event in node.events if event["event"] == "down"]
            # The one that ends first leaves; that is no death.
            expect(f"a false death after {naps} naps: {downs}",
                   len(downs) <= (0 if node is nodes[0] else 1))
            expect(f"not in order: {counts}", counts["misplaced"] == 0)
            expect(f"nothing was sent: {counts}", counts["received"] > 0)


def test_a_zombie_is_fenced_told_and_comes_back_in_a_new_epoch():
    """zombie_fence: what it sent and could not know to be late is in doubt, and never arrives."""
    with Wires("l") as wires:
        pair = Pair(wires)
        load = ["--send", 1 << 40, "--lasting"]
        stays, zombie = pair.node("a"), pair.node("b", *load)
        home = stays.wait("up", 30)["home"]
        zombie.wait("up", 30)
        seen = [len(stays.events), len(zombie.events)]
        zombie.process.send_signal(signal.SIGSTOP)
        stays.wait("down", 10 * BOUND_S, seen[0])
        zombie.process.send_signal(signal.SIGCONT)
        told = zombie.wait("down", 10, seen[1])
        expect(f"it did not hear what is in doubt: {told}", told["doubts"] > 0)
        again = stays.wait("up", 10, seen[0])
        expect("it is another life", again["home"] == home)
        zombie.wait("up", 10, seen[1])
        counts = zombie.finish()
        expect(f"{counts}", counts["epochs_begun"] == 2)
        counts = stays.finish()
        expect(f"frames of the old epoch were taken: {counts}",
               counts["misplaced"] == 0 and counts["epochs_begun"] == 2)


if __name__ == "__main__":
    if not can_make_namespaces():
        print("skipped: network namespaces cannot be made here (root needed)")
        sys.exit(SKIP)
    os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")
    sys.exit(main([test_half_the_bound_asleep_beside_a_cpu_hog_at_full_load_is_no_death,
                   test_a_zombie_is_fenced_told_and_comes_back_in_a_new_epoch]))
