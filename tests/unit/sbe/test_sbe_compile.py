# SPDX-License-Identifier: BSD-3-Clause
"""What must compile and what must not: generated headers as C11 and C++17, typed refs misused."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

INCLUDE, *HEADERS = map(os.path.abspath, sys.argv[1:])
del sys.argv[1:]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wno-sign-conversion",
            "-Wundef", "-Werror"]
LANGUAGES = [("gcc", "c", "c11"), ("clang", "c", "c11"), ("g++", "c++", "c++17"),
             ("clang++", "c++", "c++17")]

BODY = """
enum myc_status use(struct myc_self *self, struct all_gateway_ref to, struct all_order *order);
enum myc_status use(struct myc_self *self, struct all_gateway_ref to, struct all_order *order)
{
    %s;
}
"""
RIGHT = "return all_gateway_send_order(self, to, order)"
WRONG = {
    "another_message": "return all_gateway_send_order(self, to, (struct all_numbers *)0)",
    "not_accepted": "struct all_numbers n; return all_gateway_send_numbers(self, to, &n)",
    "untyped_ref": "return all_gateway_send_order(self, to.ref, order)",
    "typed_ref_to_untyped_send": "return all_order_send(self, to, order)",
    "view_of_another_message": "struct all_numbers_view v = {0, 0, 0, 0}; "
                               "return (enum myc_status)all_order_get_side(&v)",
}


def compile_text(compiler, language, standard, text):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "main.c")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return subprocess.run(
            [compiler, f"-std={standard}", *WARNINGS, "-fsyntax-only", "-x", language,
             f"-I{INCLUDE}", path], capture_output=True, text=True, check=False)


class Compile(unittest.TestCase):
    def each(self):
        found = [entry for entry in LANGUAGES if shutil.which(entry[0])]
        self.assertTrue(found, "no compiler")
        return found

    def test_headers_compile_as_c11_and_cpp17_without_a_warning(self):
        for compiler, language, standard in self.each():
            for header in HEADERS:
                with self.subTest(compiler=compiler, header=os.path.basename(header)):
                    result = compile_text(compiler, language, standard, f'#include "{header}"\n')
                    self.assertEqual(result.returncode, 0, result.stderr)

    def test_all_headers_go_together(self):
        text = "".join(f'#include "{header}"\n' for header in HEADERS)
        for compiler, language, standard in self.each():
            with self.subTest(compiler=compiler):
                result = compile_text(compiler, language, standard, text)
                self.assertEqual(result.returncode, 0, result.stderr)

    def with_all(self, statement):
        return f'#include "{HEADERS[0]}"\n' + BODY % statement

    def test_a_typed_ref_used_rightly_compiles(self):
        for compiler, language, standard in self.each():
            with self.subTest(compiler=compiler):
                result = compile_text(compiler, language, standard, self.with_all(RIGHT))
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_wrong_type_is_a_compile_error(self):
        for compiler, language, standard in self.each():
            for name, statement in WRONG.items():
                with self.subTest(compiler=compiler, wrong=name):
                    result = compile_text(compiler, language, standard, self.with_all(statement))
                    self.assertNotEqual(result.returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=1)
