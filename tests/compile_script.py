#!/usr/bin/env python3
"""scripts/compile with the real ninja: how far it is on a terminal and in a log, and what fails, shown and told."""
import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path

top = Path(__file__).resolve().parent.parent
steps = 40


def must(condition, why):
    if not condition:
        raise AssertionError(why)


def build_file(folder, breaks):
    lines = ["rule step", "  command = touch $out", "  description = making $out",
             "rule broken", "  command = echo the compiler says why; exit 3"]
    lines += [f"build made-{i}: step" for i in range(steps)]
    lines += [f"build torn: broken {' '.join(f'made-{i}' for i in range(steps))}"] if breaks else []
    (Path(folder) / "build.ninja").write_text("\n".join(lines) + "\n")


def compiled(folder, terminal=False):
    command = [str(top / "scripts/compile"), folder]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    if not terminal:
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
                             check=False)
        return run.returncode, run.stdout
    master, slave = pty.openpty()
    with subprocess.Popen(command, stdout=slave, stderr=slave, env=environment) as run:
        os.close(slave)
        said = b""
        while True:
            try:
                more = os.read(master, 4096)
            except OSError:  # how a terminal says that its last user is gone
                break
            if not more:
                break
            said += more
        os.close(master)
    return run.returncode, said.decode()


try:
    with tempfile.TemporaryDirectory() as folder:
        build_file(folder, breaks=False)
        status, said = compiled(folder)
        told = said.splitlines()
        must(status == 0, f"it ended with {status}:\n{said}")
        must(len(told) == 10, f"not a line for every tenth:\n{said}")
        must(told[0] == f"   4 of {steps} (10 %)" and told[9] == f"   {steps} of {steps} (100 %)", said)
        must(compiled(folder) == (0, ""), "it speaks although nothing was to be done")
    with tempfile.TemporaryDirectory() as folder:
        build_file(folder, breaks=True)
        status, said = compiled(folder)
        must(status != 0, "what failed ended well")
        must("the compiler says why" in said and "FAILED: torn" in said, f"why it failed is not said:\n{said}")
        must("making" not in said, f"every step is told:\n{said}")
    with tempfile.TemporaryDirectory() as folder:
        build_file(folder, breaks=False)
        status, said = compiled(folder, terminal=True)
        must(status == 0, f"on a terminal it ended with {status}:\n{said}")
        must(f"[{steps} of {steps}, 100%]" in said and "\r" in said, f"no progress on the terminal:\n{said!r}")
        must(said.count("\n") <= 3, f"more than one line on the terminal:\n{said!r}")
except AssertionError as error:
    print(f"compile_script: {error}", file=sys.stderr)
    sys.exit(1)
print("scripts/compile tells how far it is")
