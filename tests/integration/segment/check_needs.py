#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The client library needs no DPDK: neither its libraries at run time nor their symbols."""

import re
import subprocess
import sys

library = sys.argv[1]
needed = subprocess.run(["ldd", library], check=True, capture_output=True, text=True).stdout
symbols = subprocess.run(["nm", "-D", library], check=True, capture_output=True, text=True).stdout
wrong = re.findall(r"\S*(?:librte|libnuma|libjansson|libcyaml|libpcap)\S*", needed)
wrong += re.findall(r"\brte_\w+", symbols)
shown = [line.split()[-1] for line in symbols.splitlines() if re.search(r" [TDBR] ", line)]
wrong += [name for name in shown if not name.startswith(("myc_", "MYCELIUM_"))]
if "myc_client_open" not in " ".join(shown):
    wrong.append("(myc_client_open is not shown)")
for name in wrong:
    print(f"not expected in {library}: {name}")
sys.exit(1 if wrong else 0)
