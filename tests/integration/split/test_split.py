# SPDX-License-Identifier: BSD-3-Clause
"""Partitions between whole nodes, over veth: who is cut off, what each sees, and how it heals."""
import os
import shutil
import sys
import time

from split import NUMBERS, Split, expect
from wires import SKIP, Wires, can_make_namespaces, main

DOWN_S = 1.0      # the bound after which a node that is not heard of is down
SHORT_S = 0.25    # of a cut that nobody should notice
SETTLE_S = 0.5    # what has not come by then was not on its way
LATER = 1000000   # the first number that is sent after a cut
OLD_FRAMES = 40


def check_settled(split, members, holders):
    """All see the same members of g and holders, and go on doing so."""
    for walker in split.each():
        split.until(f"members {members}", lambda w=walker: w.members("g") == members)
        for name, node in holders.items():
            split.until(f"{name} is of node {node}",
                        lambda w=walker, n=name, h=node: w.holder(n) == h)
    time.sleep(SETTLE_S)
    for walker in split.each():
        expect("the members changed again", walker.members("g") == members)
        for name, node in holders.items():
            expect(f"{name} changed again", walker.holder(name) == node)


def test_of_three_two_that_are_cut_off_see_whom_they_reach_and_all_agree_in_the_end():
    """pg netsplit, and a name conflict: a and b are cut off from each other, c reaches both."""
    with Wires("s") as wires:
        split = Split(wires, "abc")
        split.meet()
        a, b, c = split.each()
        for walker, number in zip(split.each(), NUMBERS.values()):
            walker.must("join", "g")
            walker.must("register", f"own-{number}")
        check_settled(split, [1, 2, 3], {"own-1": 1, "own-2": 2, "own-3": 3})
        split.cut("a", "b")
        split.until("a without b", lambda: a.members("g") == [1, 3])
        split.until("b without a", lambda: b.members("g") == [2, 3])
        expect("a reaches b's name", a.holder("own-2") == 0 and a.holder("walker-2") == 0)
        expect("b reaches a's name", b.holder("own-1") == 0 and b.holder("walker-1") == 0)
        expect("c lost somebody", c.members("g") == [1, 2, 3] and c.holder("own-1") == 1
               and c.holder("own-2") == 2)
        # Both take one name, neither of which knows of the other; c knows of both claims.
        a.must("register", "both")
        split.until("c knows a's claim", lambda: c.holder("both") == 1)
        b.must("register", "both")
        status = c.do("register", "both")["status"]
        expect(f"c took a name that it knows: {status}", status == "EXISTS")
        a.must("leave", "g")
        b.must("join", "g")
        a.must("unregister", "own-1")
        b.must("register", "new")
        split.until("c hears of a and b", lambda: c.members("g") == [2, 2, 3]
                    and c.holder("own-1") == 0 and c.holder("new") == 2)
        expect("a is told what is behind the cut", a.members("g") == [3]
               and a.holder("new") == 0)
        expect("b is told what is behind the cut", b.members("g") == [2, 2, 3]
               and b.holder("own-1") == 0)
        expect("a lost its claim to whom it cannot reach", a.holder("both") == 1)
        expect("b lost its claim to whom it cannot reach", b.holder("both") == 2)
        expect("the earlier claim does not hold", c.holder("both") == 1)
        expect("somebody was told", not any(walker.told("lost") for walker in split.each()))
        split.heal()
        check_settled(split, [2, 2, 3], {"both": 1, "own-1": 0, "own-2": 2, "own-3": 3, "new": 2,
                                         "walker-1": 1, "walker-2": 2})
        lost = [walker.told("lost") for walker in split.each()]
        expect(f"not one loser, told once: {lost}", [len(each) for each in lost] == [0, 1, 0]
               and lost[1][0]["name"] == "both")
        status = b.do("unregister", "both")["status"]
        expect(f"the loser holds it still: {status}", status == "NOT_FOUND")
        split.finish()


def begin_pair(wires):
    """Two nodes that watch each other, and of which each streams numbers to the other."""
    split = Split(wires, "ab")
    split.meet()
    for walker, other in zip(split.each(), (2, 1)):
        walker.must("join", "g")
        walker.must("register", f"own-{3 - other}")
        walker.must("follow", f"own-{other}")
        walker.must("monitor", other)
    check_settled(split, [1, 2], {"own-1": 1, "own-2": 2})
    for walker, other in zip(split.each(), (2, 1)):
        walker.must("stream", other, 0)
    return split


def await_runs(split, is_enough):
    """Until both have heard from each other so much; the runs at a and at b."""
    for walker, other in zip(split.each(), (2, 1)):
        split.until("numbers go on", lambda w=walker, o=other: is_enough(w.runs(o)))
    return [walker.runs(other) for walker, other in zip(split.each(), (2, 1))]


def cut_shortly(split):
    """A cut that was healed within the bound, as far as the clock says; False: it was too long."""
    begin = time.monotonic()
    split.cut("a", "b")
    time.sleep(SHORT_S)
    split.heal()
    return time.monotonic() - begin < DOWN_S * 0.7


def test_a_cut_that_is_shorter_than_the_bound_is_no_break():
    """heal_same_incarnation: nothing is lost, doubled or told, and the epoch goes on."""
    for _ in range(5):
        with Wires("s") as wires:
            split = begin_pair(wires)
            await_runs(split, lambda runs: runs and runs[-1][1] > 100)
            was_short = cut_shortly(split)
            before = await_runs(split, lambda runs: True)
            await_runs(split, lambda runs: runs[-1][1] > max(of[-1][1] for of in before) + 500)
            if not was_short:
                continue  # our CPUs were away for too long: this was no short cut
            for walker, other in zip(split.each(), (2, 1)):
                sent = walker.do("hush", answer="stopped")["next"]
                partner = split.each()[other - 1]
                split.until("all that was sent", lambda p=partner, n=3 - other, s=sent:
                            p.runs(n) == [[0, s]])
                back = walker.do("returned", answer="returned")
                expect(f"came back: {back}", back["doubts"] == 0 and back["others"] == 0)
                expect(f"{walker.node.events}", not walker.told("down") and not walker.told("lost"))
                expect("another epoch", walker.counters()["epochs_begun"] == 1)
            check_settled(split, [1, 2], {"own-1": 1, "own-2": 2})
            split.finish()
            return
    expect("no cut was short enough in five attempts: is this machine so busy?", False)


def check_break(split, walker, other):
    """What a side has heard of a cut that is longer than the bound."""
    stopped = walker.node.wait("stopped", 30)
    expect(f"{stopped}", stopped["status"] == "UNREACHABLE")
    split.until("its monitor tells", lambda: walker.told("down"))
    split.until("its ask fails", lambda: walker.told("ask_failed"))
    split.until("the other's member is gone", lambda: walker.members("g") == [3 - other])
    expect("a name behind the cut", walker.holder(f"own-{other}") == 0)
    expect("not its own name", walker.holder(f"own-{3 - other}") == 3 - other)
    return stopped["next"]


def check_epochs(split, sent):
    """Of the old epoch each side got a beginning, what came back is the rest, of the new one all
    that was sent until now; and nothing was told twice."""
    runs = await_runs(split, lambda runs: runs[-1][0] == LATER and runs[-1][1] > 300)
    for walker, other, of_old in zip(split.each(), (2, 1), sent):
        came = runs[other - 1]
        back = walker.do("returned", answer="returned")
        expect(f"of the old epoch too much came, or twice: {came}", len(came) == 2
               and came[0][0] == 0 and came[0][1] <= of_old)
        expect(f"what came back is not the rest: {back} of {of_old}, came {came[0]}",
               back["others"] == 0 and back["doubts"] > 0 and back["last"] == of_old - 1
               and back["doubts"] == of_old - back["first"] and back["first"] <= came[0][1])
        downs, fails = walker.told("down"), walker.told("ask_failed")
        expect(f"not one Down: {downs}", len(downs) == 1
               and downs[0]["status"] == "NO_CONNECTION" and downs[0]["node"] == other)
        expect(f"not one failure: {fails}, {walker.told('answer')}", len(fails) == 1
               and fails[0]["status"] == "NO_CONNECTION" and not walker.told("answer"))
        names = [event["event"] for event in walker.node.events
                 if event.get("name") == f"own-{other}"]
        expect(f"the name did not go and come once: {names}", names == ["found", "lost", "found"])


def check_long_cut(is_one_way):
    """A cut that is longer than the bound, healed without any restart."""
    with Wires("s") as wires:
        split = begin_pair(wires)
        a, b = split.each()
        for walker, other in ((a, 2), (b, 1)):
            walker.must("ask", other)
        await_runs(split, lambda runs: runs and runs[-1][1] > 100)
        old_frames = split.sniff("a", "b", OLD_FRAMES)
        split.cut("a", "b", is_one_way)
        sent = [check_break(split, a, 2), check_break(split, b, 1)]
        split.heal()
        check_settled(split, [1, 2], {"own-1": 1, "own-2": 2, "walker-1": 1, "walker-2": 2})
        for walker, other in ((a, 2), (b, 1)):
            walker.must("stream", other, LATER)  # by the ref from before the cut
        check_epochs(split, sent)
        # What belongs to the old epoch: its frames, and its question's answer.
        stale = b.counters().get("refused_epoch", 0)
        split.replay("b", old_frames)
        split.until("the old frames are refused",
                    lambda: b.counters().get("refused_epoch", 0) >= stale + OLD_FRAMES)
        b.do("answer")
        begun = [walker.counters()["epochs_begun"] for walker in (a, b)]
        before = await_runs(split, lambda runs: True)
        await_runs(split, lambda runs: runs[-1][1] > max(of[-1][1] for of in before) + 300)
        check_epochs(split, sent)
        expect("an old frame broke the new epoch",
               begun == [walker.counters()["epochs_begun"] for walker in (a, b)])
        expect("the late answer is not counted", a.counters().get("replies_late", 0) == 1)
        split.finish()


def test_after_a_cut_longer_than_the_bound_all_is_back_in_a_new_epoch():
    """heal_same_incarnation: told once, nothing old delivered, kept refs work again."""
    check_long_cut(False)


def test_after_a_cut_of_one_direction_all_is_back_in_a_new_epoch():
    """The same where only b hears nothing of a."""
    check_long_cut(True)


if __name__ == "__main__":
    if not can_make_namespaces() or not shutil.which("nft"):
        print("1..0 # SKIP network namespaces with nftables cannot be made here (root is needed)")
        sys.exit(SKIP)
    os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")
    sys.exit(main([
        test_of_three_two_that_are_cut_off_see_whom_they_reach_and_all_agree_in_the_end,
        test_a_cut_that_is_shorter_than_the_bound_is_no_break,
        test_after_a_cut_longer_than_the_bound_all_is_back_in_a_new_epoch,
        test_after_a_cut_of_one_direction_all_is_back_in_a_new_epoch,
    ]))
