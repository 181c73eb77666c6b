#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks a Promela model in every reachable state: check.py MODEL [liveness]."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77


def main(model, is_liveness):
    compiler = shutil.which("cc")
    if shutil.which("spin") is None or compiler is None:
        print("skipped: spin or a C compiler is missing (apt-get install spin gcc)")
        return SKIPPED
    build = ["-O2", "-w"] if is_liveness else ["-O2", "-w", "-DSAFETY", "-DCOLLAPSE"]
    options = ["-a", "-f"] if is_liveness else []
    with tempfile.TemporaryDirectory() as folder:
        for command in (
            ["spin", "-a", model],
            [compiler, *build, "-o", "pan", "pan.c"],
        ):
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode != 0 or "Error" in done.stdout:
                print(done.stdout, done.stderr)
                return 1
        done = subprocess.run(
            ["./pan", "-m100000", "-w22", *options],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    name = pathlib.Path(model).stem
    is_whole = re.search(r"errors: 0", done.stdout) and "max search depth" not in done.stdout
    states = re.search(r"(\d+) states, stored", done.stdout)
    if not is_whole or states is None:
        print(done.stdout, done.stderr)
        return 1
    print(f"ok 1 - {name}: {states.group(1)} states")
    return 0


if __name__ == "__main__":
    sys.exit(main(str(pathlib.Path(sys.argv[1]).resolve()), "liveness" in sys.argv[2:]))
