# SPDX-License-Identifier: BSD-3-Clause
"""Makes a C header of a file: page.py INPUT OUTPUT NAME."""
import sys


def main():
    source, output, name = sys.argv[1:]
    with open(source, "rb") as file:
        content = file.read()
    rows = [", ".join(str(byte) for byte in content[at:at + 20])
            for at in range(0, len(content), 20)]
    with open(output, "w", encoding="ascii") as file:
        file.write(f"static const unsigned char {name}[] = {{\n    ")
        file.write(",\n    ".join(rows) + ",\n};\n")


main()
