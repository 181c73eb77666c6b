#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Installs into a folder of its own and builds a program outside the tree, with pkg-config alone.

    test_install.py BUILD SOURCE

The library's .pc file finds its folder from its own place, so an installed tree can be moved; that
is what lets this test install without being configured for it. One TAP case for each step.
"""
import glob
import os
import shlex
import shutil
import subprocess
import sys
import tempfile

INSTALLED = ["include/mycelium/node.h", "include/mycelium/messages.h", "lib/**/libmycelium.so",
             "lib/**/libmycelium.a", "lib/**/pkgconfig/mycelium.pc", "bin/mycelium-sbe",
             "share/mycelium/pmd-config/memif.yaml", "share/mycelium/sbe/mycelium.xml"]
EMBEDDED = ["external_eal", "poll_hook", "thread_attach", "shared_port", "secondary"]
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-O1"]


class Skip(Exception):
    """What cannot be tested here, and why."""


class Install:
    def __init__(self, build, source):
        self.build = build
        self.source = source
        self.folder = tempfile.mkdtemp(prefix="mycelium-install-")
        self.prefix = ""
        self.work = os.path.join(self.folder, "work")

    def run(self, *command, **options):
        """Runs a command and returns its output; a failure is the test's."""
        out = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.work,
                             stdin=subprocess.DEVNULL, timeout=120, **options)
        if out.returncode != 0:
            raise AssertionError(f"{shlex.join(command)}: exit {out.returncode}\n"
                                 f"{out.stdout[-2000:]}{out.stderr[-4000:]}")
        return out.stdout

    def pkg_config(self, *arguments, of="mycelium"):
        """What it says of the library, and of others that are named."""
        environment = dict(os.environ, PKG_CONFIG_PATH=self.library("pkgconfig"))
        return shlex.split(self.run("pkg-config", *arguments, of, env=environment))

    def find(self, pattern):
        found = glob.glob(os.path.join(self.prefix, pattern), recursive=True)
        assert found, f"{pattern} is not installed"
        return found[0]

    def library(self, name=""):
        return os.path.join(os.path.dirname(self.find("lib/**/libmycelium.a")), name)

    def test_everything_is_installed(self):
        destination = os.path.join(self.folder, "root")
        os.makedirs(self.work)
        self.run("meson", "install", "-C", self.build, "--no-rebuild", "--destdir", destination)
        header = glob.glob(os.path.join(destination, "**/include/mycelium/node.h"), recursive=True)
        assert header, "no header is installed"
        self.prefix = header[0][:-len("/include/mycelium/node.h")]
        for pattern in INSTALLED:
            self.find(pattern)
        for path in glob.glob(os.path.join(self.source, "include/mycelium/*.h")):
            self.find("include/mycelium/" + os.path.basename(path))

    def test_private_headers_stay_at_home(self):
        for folder, _, names in os.walk(os.path.join(self.prefix, "include")):
            assert folder.endswith(("include", "include/mycelium")), folder
            assert all(name.endswith(".h") for name in names), names

    def test_messages_are_made_by_the_installed_generator(self):
        for name in ("hello.c", "hello.xml"):
            shutil.copy(os.path.join(self.source, "deploy/examples/hello", name), self.work)
        # The link in bin holds the configured prefix, which is not where this test installed.
        generator = self.find("share/mycelium/sbe/mycelium-sbe.py")
        self.run(sys.executable, "-B", generator, "header", "hello.xml", "-o", "hello.h")

    def test_a_program_compiles_with_pkg_config_alone(self):
        flags = self.pkg_config("--cflags")
        self.run("cc", "-std=gnu11", *WARNINGS, *flags, "-c", "hello.c", "-o", "hello.o")

    def test_a_program_links_to_the_shared_library_and_runs(self):
        self.link("hello-shared", self.pkg_config("--libs"))
        needed = self.run("readelf", "-d", "hello-shared")
        assert "libmycelium.so" in needed, needed
        assert "librte_" not in needed, "a program of its own is linked to DPDK"
        self.execute("hello-shared", {"LD_LIBRARY_PATH": self.library()})

    def test_a_program_links_to_the_static_library_and_runs(self):
        flags = [("-l:libmycelium.a" if flag == "-lmycelium" else flag)
                 for flag in self.pkg_config("--static", "--libs")]
        self.link("hello-static", flags)
        assert "libmycelium.so" not in self.run("readelf", "-d", "hello-static")
        self.execute("hello-static", {})

    def test_embedding_examples_are_built_with_pkg_config_alone(self):
        folder = os.path.join(self.source, "deploy/examples/embed")
        for path in glob.glob(os.path.join(folder, "*.*")):
            shutil.copy(path, self.work)
        flags = self.pkg_config("--cflags", "libdpdk")
        libraries = self.pkg_config("--libs", "libdpdk")
        for name in EMBEDDED:
            parts = [name + ".c"] + ([] if name == "shared_port" else ["squares.c"])
            self.run("cc", "-std=gnu11", *WARNINGS, *flags, *parts, "-o", name, *libraries)

    def test_a_node_lives_in_a_program_with_an_eal(self):
        self.embed("external_eal", 3, "1000 answers, 0 failures")

    def test_a_node_turns_in_a_programs_loop(self):
        self.embed("poll_hook", 1, "1000 answers, 0 failures")

    def test_a_thread_attaches_to_a_node(self):
        self.embed("thread_attach", 2, "1000 answers, 0 failures")

    def test_a_node_shares_a_port(self):
        words = f"socket={self.folder}/shared.sock,socket-abstract=no"
        self.embed("shared_port", 2, "1000 frames of the feed, 1 answers of the guest",
                   f"--vdev=net_memif0,role=server,{words}",
                   f"--vdev=net_memif1,role=client,{words}")

    def test_a_client_without_dpdk_asks_an_actor_of_a_plugin(self):
        self.run("cc", "-std=gnu11", *WARNINGS, "-shared", "-fPIC", *self.pkg_config("--cflags"),
                 "squares_plugin.c", "squares.c", "-o", "squares_plugin.so")
        self.run("cc", "-std=gnu11", *WARNINGS,
                 *self.pkg_config("--cflags", of="mycelium-client"), "client.c", "-o", "client",
                 *self.pkg_config("--libs", of="mycelium-client"))
        environment = dict(os.environ, LD_LIBRARY_PATH=self.library())
        needed = self.run("ldd", "./client", env=environment)
        assert "libmycelium-client.so" in needed and "librte_" not in needed, needed
        socket = os.path.join(self.work, "squares.sock")
        with open(os.path.join(self.work, "squares.yaml"), encoding="ascii") as file:
            text = file.read().replace("/tmp/squares.sock", socket)
        with open(os.path.join(self.work, "here.yaml"), "w", encoding="ascii") as file:
            file.write(text)
        with tempfile.TemporaryFile() as log, \
                subprocess.Popen([self.find("bin/mycelium"), "run", "here.yaml"], cwd=self.work,
                                 env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=log) as node:
            try:
                out = self.run("./client", socket, env=environment)
                node.terminate()
                code = node.wait(60)
            finally:
                node.kill()
                log.seek(0)
                print("\n".join("# " + line for line in log.read().decode().splitlines()[-5:]))
        assert "1000 answers, 0 failures" in out and code == 0, (out, code)

    def embed(self, name, lcores, words, *more):
        """Runs an example with so many lcores, all on one CPU."""
        out = self.run(os.path.join(self.work, name), "--lcores",
                       ",".join(f"{lcore}@0" for lcore in range(lcores)), "--no-huge", "-m", "512",
                       "--no-pci", "--no-telemetry", f"--file-prefix={name}-{os.getpid()}", *more,
                       env=dict(os.environ, LD_LIBRARY_PATH=self.library()))
        assert words in out, out

    def link(self, name, flags):
        """Links the example, unless the library is not whole yet."""
        symbols = self.run("nm", "-D", "--defined-only", self.library("libmycelium.so"))
        if "myc_node_start" not in symbols:
            raise Skip("the library has no myc_node_start yet")
        self.run("cc", "hello.o", "-o", name, *flags)

    def execute(self, name, environment):
        out = self.run(os.path.join(self.work, name), env=dict(os.environ, **environment))
        assert "1000 answers, 0 failures" in out, out


def main():
    install = Install(*sys.argv[1:3])
    tests = [name for name in vars(Install) if name.startswith("test_")]
    has_failed = False
    print(f"1..{len(tests)}")
    for number, name in enumerate(tests, 1):
        try:
            getattr(install, name)()
            print(f"ok {number} - {name}")
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}")
        except (AssertionError, subprocess.TimeoutExpired) as fault:
            has_failed = True
            print(f"not ok {number} - {name}")
            print("\n".join("# " + line for line in str(fault).splitlines()))
    shutil.rmtree(install.folder)
    return 1 if has_failed else 0


if __name__ == "__main__":
    sys.exit(main())
