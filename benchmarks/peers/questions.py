# SPDX-License-Identifier: BSD-3-Clause
"""What is asked of all: one table each, on the same work, with ours and raw baselines first."""
import json

from builds import SAVINA, run

LATENCY, RATE = "latency", "rate"
OURS = "Mycelium"
SMOKE_COUNT = 500


class Question:
    """`threads` of the peers that have a choice; `benches`: those of `mycelium bench`, the first of
    which is ours, and with it which rows of a table count."""

    def __init__(self, name, title, kind, count, **more):
        self.name = name
        self.title = title
        self.kind = kind
        self.count = count
        self.asked = more.get("asked", name)  # what the peers call it
        self.threads = more.get("threads", 2)
        self.benches = more["benches"]


def questions():
    listed = [
        Question("rtt", "round trip of 32 bytes between two cores", LATENCY, 50000,
                 benches=[("ring-rtt", None), ("cache-line", None)]),
        Question("rate", "messages of 32 bytes a second from one core to another", RATE, 1000000,
                 benches=[("ring-rate", None)]),
        Question("rtt-process", "round trip of 32 bytes between two processes", LATENCY, 20000,
                 benches=[("segment-rtt", None), ("sockets", None)]),
        Question("rate-process", "messages of 32 bytes a second between two processes", RATE,
                 300000, benches=[("segment-rate", None), ("sockets", None)]),
    ]
    for name in SAVINA:
        title = name.replace("savina-", "Savina's ") + ", operations a second"
        for threads, where in ((1, "same lcore"), (2, "across lcores")):
            count = 200000 if name == "savina-fork-join-create" else 500000
            listed.append(Question(f"{name}-{threads}", f"{title}, {threads} thread(s)", RATE,
                                   count, asked=name, threads=threads, benches=[(name, where)]))
    return listed


class Bench:
    """One of ours, and the raw baselines that come with it."""

    def __init__(self, program, name, where, is_ours):
        self.name = OURS if is_ours else name
        self.program = program
        self.bench = name
        self.where = where
        self.is_ours = is_ours

    def figures(self, question, is_smoke):
        """Yields (who, {key: value}) of one repetition."""
        argv = [self.program, "bench", self.bench, "--json", "--repetitions", "1"]
        for line in run(argv + ["--smoke"] * is_smoke).splitlines():
            row = json.loads(line)
            if "fabric" in row:
                yield OURS, row["fabric"]
                yield "raw: " + row["raw_is"], row["raw"]
            elif self.where in (None, row["who"]):
                who = OURS if self.is_ours else f"raw: {self.bench.rstrip('s')}, {row['who']}"
                yield who, row
                if question.kind == RATE and "batched_per_s" in row:
                    yield who + ", 64 a call", {"per_s": row["batched_per_s"]}


class PeerRun:
    """A peer, asked once."""

    def __init__(self, peer):
        self.peer = peer
        self.name = peer.name

    def figures(self, question, is_smoke):
        count = SMOKE_COUNT if is_smoke else question.count
        for line in self.peer.ask(question.asked, count, question.threads).splitlines():
            row = json.loads(line)
            yield row["who"], row


def runners(question, program, peers):
    """Ours, the baselines, and the peers that know the question, in the order of a repetition."""
    yield from (Bench(program, name, where, index == 0)
                for index, (name, where) in enumerate(question.benches))
    yield from (PeerRun(peer) for peer in peers if question.asked in peer.questions)
