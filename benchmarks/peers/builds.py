# SPDX-License-Identifier: BSD-3-Clause
"""The peers: what each needs from Debian, how it is built, and how it is asked.

A peer is built in a folder of its own below the work folder, from copies where its tool would
write beside its sources. It answers as ../peers/peer.h says: lines of JSON, one for each way in
which it can be used.
"""
import glob
import os
import shutil
import socket
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
REGISTRY = "/usr/share/cargo/registry"
SAVINA = [
    "savina-ping-pong", "savina-counting", "savina-fork-join", "savina-fork-join-create",
    "savina-thread-ring", "savina-big", "savina-chameneos", "savina-bounded-buffer",
    "savina-banking",
]
LATE_S = 120


class Failed(Exception):
    """A peer could not be built, or did not answer, or found its own result wrong."""


def run(argv, cwd=None, env=None, timeout=600):
    """Runs a command to its end; its standard output."""
    try:
        result = subprocess.run(argv, cwd=cwd, env=env, text=True, timeout=timeout, check=False,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{argv[0]}: {error}") from error
    if result.returncode != 0:
        last = "\n".join(result.stderr.strip().splitlines()[-6:])
        raise Failed(f"{' '.join(argv)}: exit code {result.returncode}: {last}")
    return result.stdout


class Peer:
    """One of them; `work` is its own folder."""

    name = ""
    packages = []
    files = []     # patterns; each must match something when the packages are there
    commands = []  # programs that it needs on the path
    questions = []

    def __init__(self, work):
        self.work = os.path.join(work, self.name.lower())

    def is_there(self):
        return (all(glob.glob(pattern, recursive=True) for pattern in self.files)
                and all(shutil.which(command) for command in self.commands))

    def is_built(self):
        """Whether what was built is newer than all sources here."""
        sources = [os.path.getmtime(path) for path in glob.glob(HERE + "/**/*", recursive=True)]
        return os.path.exists(self.mark()) and os.path.getmtime(self.mark()) > max(sources)

    def mark(self):
        """What a build leaves behind."""
        return os.path.join(self.work, "peer")

    def build(self):
        raise NotImplementedError

    def ask(self, question, count, threads):
        """The peer's output."""
        return run([os.path.join(self.work, "peer"), question, str(count), str(threads)],
                   timeout=LATE_S)

    def compile(self, compiler, sources, libraries):
        os.makedirs(self.work, exist_ok=True)
        run([*compiler, "-O2", "-o", os.path.join(self.work, "peer"),
             *[os.path.join(HERE, source) for source in sources], *libraries, "-lpthread"])


class ZeroMq(Peer):
    name = "ZeroMQ"
    packages = ["libzmq3-dev"]
    files = ["/usr/include/zmq.h"]
    commands = ["cc"]
    questions = ["rtt", "rate", "rtt-process", "rate-process"]

    def build(self):
        self.compile(["cc"], ["zeromq/zeromq.c", "pair.c", "peer.c"], ["-lzmq"])


class Nng(Peer):
    name = "nng"
    packages = ["libnng-dev"]
    files = ["/usr/include/nng/nng.h"]
    commands = ["cc"]
    questions = ["rtt", "rate", "rtt-process", "rate-process"]

    def build(self):
        self.compile(["cc"], ["nng/nng.c", "pair.c", "peer.c"], ["-lnng"])


class Caf(Peer):
    name = "CAF"
    packages = ["libcaf-dev", "g++"]
    files = ["/usr/include/caf/all.hpp"]
    commands = ["c++", "cc"]
    questions = ["rtt", "rate", *SAVINA]

    def build(self):
        os.makedirs(self.work, exist_ok=True)
        shared = os.path.join(self.work, "peer.o")
        run(["cc", "-O2", "-c", "-o", shared, os.path.join(HERE, "peer.c")])
        self.compile(["c++", "-std=c++17"], ["caf/caf.cpp", "caf/savina.cpp",
                                             "caf/savina_many.cpp"], [shared, "-lcaf_core"])


class Tokio(Peer):
    name = "tokio"
    packages = ["librust-tokio-dev", "cargo"]
    files = [REGISTRY + "/tokio-1*"]
    commands = ["cargo"]
    questions = ["rtt", "rate", "rtt-process", *SAVINA]

    def build(self):
        """Debian's crates lie in a folder, which stands in for the registry."""
        source = os.path.join(self.work, "source")
        config = os.path.join(self.work, "cargo.toml")
        shutil.rmtree(source, ignore_errors=True)
        shutil.copytree(os.path.join(HERE, "tokio"), source)
        with open(config, "w", encoding="utf-8") as file:
            file.write('[source.crates-io]\nreplace-with = "debian"\n'
                       f'[source.debian]\ndirectory = "{REGISTRY}"\n')
        # Debian's own compiler where it is there, because its crates are of its age: a newer one
        # that somebody has put before it on the path is another baseline.
        path = "/usr/bin:" + os.environ.get("PATH", "")
        run([shutil.which("cargo", path=path), "build", "--release", "--offline", "--config",
             config, "--target-dir", os.path.join(self.work, "target")], cwd=source,
            env={**os.environ, "PATH": path})
        shutil.copy(os.path.join(self.work, "target/release/peer"), self.work)


class Erlang(Peer):
    name = "Erlang"
    packages = ["erlang-base"]
    commands = ["erl", "erlc"]
    questions = ["rtt", "rate", "rtt-process", "rate-process", *SAVINA]

    def build(self):
        os.makedirs(self.work, exist_ok=True)
        run(["erlc", "-o", self.work, *glob.glob(os.path.join(HERE, "erlang/*.erl"))])

    def mark(self):
        return os.path.join(self.work, "savina.beam")

    def erl(self, threads, *flags):
        return ["erl", "-noshell", "-pa", self.work, "+S", str(threads), *flags]

    def ask(self, question, count, threads):
        if question.endswith("-process"):
            return self.ask_node(question, count)
        return run([*self.erl(threads), "-s", "bench_peer", "main", "-extra", question, str(count)],
                   timeout=LATE_S)

    def ask_node(self, question, count):
        """A second emulator on loopback, at a port that both know: no daemon stays behind."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        env = dict(os.environ, HOME=self.work)
        both = ["-start_epmd", "false", "-erl_epmd_port", str(port), "-setcookie", "mycelium",
                "-kernel", "inet_dist_use_interface", "{127,0,0,1}"]
        far, near = f"far{port}@127.0.0.1", f"near{port}@127.0.0.1"
        with subprocess.Popen([*self.erl(1, "-name", far, *both)], env=env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as node:
            try:
                wait_for_port(port)
                return run([*self.erl(1, "-name", near, "-dist_listen", "false", *both), "-s",
                            "bench_peer", "main", "-extra", question, str(count), far],
                           env=env, timeout=LATE_S)
            finally:
                node.kill()


def wait_for_port(port):
    for _ in range(1000):
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    raise Failed(f"nothing listens at port {port}")


PEERS = [Tokio, Caf, Erlang, ZeroMq, Nng]
