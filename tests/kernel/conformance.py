"""Runs jupyter_kernel_test on the kernel "recurlab" and prints a table of its tests. IPython's pager is not the kernel's."""

import sys
import unittest

import jupyter_kernel_test


class RecurlabTests(jupyter_kernel_test.KernelTests):
    kernel_name = "recurlab"
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('oops')"
    completion_samples = [
        {"text": "Math.flo", "matches": {"floor"}},
        {"text": "consol", "matches": {"console"}},
    ]
    complete_code_samples = ["1", "console.log('hi')", "function f(x: number) {\n  return x * 2\n}"]
    incomplete_code_samples = ["function f(x: number) {", "const s = `abc", "if (true) {"]
    invalid_code_samples = ["const = 5 5", "x y z)"]
    code_generate_error = "throw new Error('x')"
    code_execute_result = [
        {"code": "1+2", "result": "3"},
        {"code": "'a'+'b'", "result": "'ab'"},
        {"code": "6*7", "result": "42"},
    ]
    code_display_data = [
        {"code": "import { display } from 'tslab'\ndisplay.html('<b>x</b>')", "mime": "text/html"},
        {"code": "import { display as d } from 'tslab'\nd.png(Buffer.from('89504e47', 'hex'))", "mime": "image/png"},
    ]
    code_history_pattern = "1?2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "console.log"
    code_clear_output = "import { clearOutput } from '../lib/notebook/display.js'\nclearOutput()"


class Table(unittest.TextTestResult):
    """Keeps the outcome of every test, and of every subtest that fails."""

    def startTestRun(self):
        self.outcomes = {}
        super().startTestRun()

    def startTest(self, test):
        self.outcomes[test._testMethodName] = "passed"
        super().startTest(test)

    def note(self, test, outcome):
        self.outcomes[getattr(test, "_testMethodName", str(test))] = outcome

    def addError(self, test, err):
        self.note(test, "error")
        super().addError(test, err)

    def addFailure(self, test, err):
        self.note(test, "failed")
        super().addFailure(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.note(test, "failed")
        super().addSubTest(test, subtest, err)

    def addSkip(self, test, reason):
        self.note(test, f"skipped: {reason}")
        super().addSkip(test, reason)


if __name__ == "__main__":
    suite = unittest.defaultTestLoader.loadTestsFromTestCase(RecurlabTests)
    result = unittest.TextTestRunner(resultclass=Table, stream=sys.stderr, verbosity=0).run(suite)
    for name, outcome in sorted(result.outcomes.items()):
        print(f"{name}\t{outcome}")
    sys.exit(0 if result.wasSuccessful() else 1)
