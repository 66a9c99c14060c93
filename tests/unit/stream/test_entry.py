"""Ctrl-C before there is a command to interrupt, and ends while a library is at work."""

from __future__ import annotations

import subprocess
import sys

import pytest

INTERRUPTED_AT_THE_FIRST_IMPORT = """
import signal, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            signal.raise_signal(signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Interrupts())
"""
AS_A_SCRIPT = "from stream.cli import main; main()"
AS_A_MODULE = "import runpy; runpy.run_module('stream.cli', run_name='__main__', alter_sys=True)"


@pytest.mark.parametrize("entry", [AS_A_SCRIPT, AS_A_MODULE], ids=["script", "module"])
def test_ctrl_c_while_the_commands_are_imported_is_one_line_and_exit_130(entry: str) -> None:
    """SIGINT at the import that comes first: no traceback, the exit code of an interruption."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AT_THE_FIRST_IMPORT + entry, "worker"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (130, "codiflux: interrupted\n")


ENDED_WHILE_A_THREAD_IS_AT_WORK = """
import atexit, threading
from stream import cli
from stream.cli import commands

def run():
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    END

atexit.register(print, "the interpreter ends")
commands.run = run
cli.main()
"""


@pytest.mark.parametrize(("end", "code"), [("raise SystemExit(74)", 74), ("raise KeyboardInterrupt", 130)])
def test_a_command_that_ends_while_a_thread_is_at_work_leaves_it_where_it_is(end: str, code: int) -> None:
    """The other of two trainings: the interpreter's own ending would tear it out of C++ and abort the process."""
    script = ENDED_WHILE_A_THREAD_IS_AT_WORK.replace("END", end)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (code, "")
