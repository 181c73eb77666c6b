# SPDX-License-Identifier: BSD-3-Clause
"""The program's commands: help, usage, exit codes, a node from start to end, bad input."""
import os
import signal
import unittest

from program import ProgramTest, main, run, wait_for

NODE = """
node:
  id: 1
  name: one
eal:
  lcores:
    - cpu: 0
  hugepages: no
  memory_mb: 192
  file_prefix: {prefix}
limits:
  messages_max: 4096
segments:
  control_socket: {folder}/one.sock
actors:
  - name: test.echo
    class: echo
"""

COMMANDS = ["run", "demo", "ls", "ping", "bench"]


class Usage(unittest.TestCase):
    def test_help_lists_every_command_and_the_exit_codes(self):
        result = run("--help")
        self.assertEqual(result.returncode, 0)
        for command in COMMANDS:
            self.assertIn(f"  {command} ", result.stdout)
        self.assertIn("Exit codes", result.stdout)

    def test_each_command_has_help_of_its_own(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                result = run(command, "--help")
                self.assertEqual(result.returncode, 0)
                self.assertIn(f"Usage: mycelium {command}", result.stdout)

    def test_no_command_is_a_usage_error(self):
        result = run()
        self.assertEqual(result.returncode, 2)
        self.assertIn("Usage", result.stderr)

    def test_an_unknown_command_is_named(self):
        result = run("rnu")
        self.assertEqual(result.returncode, 2)
        self.assertIn("no command `rnu`", result.stderr)

    def test_an_unknown_option_is_a_usage_error(self):
        for command in COMMANDS:
            with self.subTest(command=command):
                self.assertEqual(run(command, "--no-such-option").returncode, 2)


def free_hugepages():
    with open("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", encoding="utf-8") as file:
        return int(file.read())


class NodeTest(ProgramTest):
    def config(self, text=NODE, **changes):
        text = text.format(folder=self.folder, prefix=os.path.basename(self.folder))
        for old, new in changes.items():
            text = text.replace(old, new)
        return self.write("node.yaml", text)

    def start_node(self):
        node = self.start("run", self.config())
        self.wait_for_output(node, "node one (1) runs")
        return node


class Run(NodeTest):
    def test_an_actor_that_never_returns_ends_the_process_with_its_own_exit_code(self):
        plugin = os.environ["MYCELIUM_STUCK_PLUGIN"]
        text = NODE + f"  - class: stuck\n    library: {plugin}\n"
        text += "times:\n  stall_report_us: 20000\n  stall_limit_ms: 200\n"
        result = run("run", self.config(text))
        self.assertEqual(result.returncode, 6, result.stderr)
        self.assertIn("stuck (", result.stderr)
        self.assertIn("times.stall_limit_ms", result.stderr)

    def test_a_node_runs_until_sigterm_and_ends_cleanly(self):
        self.assertEqual(self.stop(self.start_node(), signal.SIGTERM), 0)
        self.assertFalse(os.path.exists(self.path("one.sock")))

    def test_a_node_runs_until_sigint_and_ends_cleanly(self):
        self.assertEqual(self.stop(self.start_node(), signal.SIGINT), 0)

    @unittest.skipUnless(os.environ.get("MYCELIUM_HUGEPAGES") == "yes", "no hugepages")
    def test_a_killed_node_leaves_no_hugepages_taken_for_the_next(self):
        config = self.config(
            "node: {{id: 1, name: one}}\n"
            "eal: {{lcores: [{{cpu: 0}}], hugepages: yes, file_prefix: {prefix}}}\n"
            "segments: {{control_socket: {folder}/one.sock}}\n")
        free = free_hugepages()
        for _ in range(2):
            node = self.start("run", config)
            self.wait_for_output(node, "node one (1) runs")
            self.assertLess(free_hugepages(), free)
            node.kill()
            node.wait()
        node = self.start("run", config)
        self.wait_for_output(node, "node one (1) runs")
        self.assertEqual(self.stop(node, signal.SIGTERM), 0)
        wait_for(lambda: free_hugepages() == free, f"{free} free hugepages")

    @unittest.skipUnless(os.environ.get("MYCELIUM_HUGEPAGES") == "yes" and os.geteuid() == 0,
                         "a card needs root and hugepages")
    def test_a_card_that_no_driver_has_is_told_with_what_to_do(self):
        result = run("run", self.config(
            "node: {{id: 1}}\n"
            "eal: {{lcores: [{{cpu: 0}}], memory_mb: 128, file_prefix: {prefix}}}\n"
            "ports:\n  - {{name: w, profile: e1000, device: {{pci_address: \"0000:7f:1f.7\"}}}}\n"))
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("there is no port '0000:7f:1f.7'", result.stderr)
        self.assertIn("dpdk-devbind.py --bind=vfio-pci PCI_ADDRESS", result.stderr)

    def test_ls_shows_names_and_counters(self):
        node = self.start_node()
        result = run("ls", self.path("one.sock"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("name test.echo", result.stdout)
        self.assertIn("lcore 0", result.stdout)
        self.assertEqual(self.stop(node), 0)

    def test_ping_times_the_answers_of_a_named_actor(self):
        node = self.start_node()
        result = run("ping", "--socket", self.path("one.sock"), "--count", "20", "test.echo")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("20 asked, 20 answered", result.stdout)
        self.assertEqual(self.stop(node), 0)

    def test_ping_of_a_name_that_nobody_has_says_so(self):
        node = self.start_node()
        result = run(
            "ping", "--socket", self.path("one.sock"), "--timeout-ms", "200", "no.such.name"
        )
        self.assertEqual(result.returncode, 5)
        self.assertIn("no.such.name", result.stderr)
        self.assertEqual(self.stop(node), 0)

    def test_ping_of_a_name_behind_the_asked_node_says_where_it_is(self):
        one = self.start_node()
        other = {"id: 1": "id: 2", "name: one": "name: two", "file_prefix: ": "file_prefix: other-",
                 "one.sock": "two.sock", "test.echo": "test.far"}
        text = NODE.replace("control_socket: {folder}/one.sock",
                            "control_socket: {folder}/one.sock\n  attach: [{folder}/ONE.sock]")
        two = self.start("run", self.config(text, **other, **{"ONE.sock": "one.sock"}))
        self.wait_for_output(two, "node two (2) runs")
        wait_for(lambda: "name test.far" in run("ls", self.path("one.sock")).stdout, "the name")
        result = run("ping", "--socket", self.path("one.sock"), "--timeout-ms", "200", "test.far")
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertIn("`test.far` is on node 2", result.stderr)
        self.assertEqual(run("ping", "--socket", self.path("two.sock"), "test.far").returncode, 0)
        self.assertEqual(self.stop(two), 0)
        self.assertEqual(self.stop(one), 0)

    def test_a_socket_at_which_nobody_listens_is_told(self):
        for command in (["ls"], ["ping", "test.echo", "--socket"]):
            with self.subTest(command=command):
                result = run(*command, self.path("nobody.sock"))
                self.assertEqual(result.returncode, 5, result.stderr)
                self.assertIn("nobody.sock", result.stderr)

    def test_two_nodes_at_one_control_socket_are_refused_clearly(self):
        node = self.start_node()
        other = {"id: 1": "id: 2", "file_prefix: ": "file_prefix: other-"}
        result = run("run", self.config(**other))
        self.assertEqual(result.returncode, 4)
        self.assertIn("one.sock", result.stderr)
        self.assertEqual(self.stop(node), 0)

    def test_a_killed_nodes_socket_does_not_hinder_the_next(self):
        node = self.start_node()
        self.stop(node, signal.SIGKILL)
        self.assertTrue(os.path.exists(self.path("one.sock")))
        self.assertEqual(self.stop(self.start_node()), 0)


class BadInput(NodeTest):
    def refuse(self, code, words, **changes):
        result = run("run", self.config(**changes))
        self.assertEqual(result.returncode, code, result.stderr)
        for word in words:
            self.assertIn(word, result.stderr)

    def test_no_such_config(self):
        result = run("run", self.path("none.yaml"))
        self.assertEqual(result.returncode, 3)
        self.assertIn("none.yaml", result.stderr)

    def test_an_unknown_key_is_told_with_its_place(self):
        self.refuse(3, ["node.yaml:", "memroy_mb"], memory_mb="memroy_mb")

    def test_a_class_that_nobody_has(self):
        self.refuse(3, ["no class `ehco`"], **{"class: echo": "class: ehco"})

    def test_a_library_that_is_not_there(self):
        self.refuse(
            3, ["libnone.so"], **{"class: echo": "class: echo\n    library: ./libnone.so"}
        )

    def test_a_cpu_that_is_not_there(self):
        result = run("run", self.config(**{"cpu: 0": "cpu: 999"}))
        self.assertIn(result.returncode, (3, 4), result.stderr)
        self.assertIn("999", result.stderr)

    def test_a_port_that_cannot_start(self):
        ports = ("ports:\n  - name: wire0\n    profile: af_packet\n    device:\n"
                 "      interface: nope0\nactors:")
        result = run("run", self.config(**{"actors:": ports}))
        self.assertIn(result.returncode, (3, 4), result.stderr)
        self.assertIn("wire0", result.stderr)

    def test_more_hugepages_than_there_are(self):
        self.refuse(3, ["hugepages", "reserve them"], **{
            "hugepages: no": "hugepages: yes",
            "memory_mb: 192": "memory_mb: 1000000",
        })


class Bench(unittest.TestCase):
    def test_an_unknown_benchmark_is_named(self):
        result = run("bench", "no-such")
        self.assertEqual(result.returncode, 2)
        self.assertIn("no-such", result.stderr)


if __name__ == "__main__":
    main()
