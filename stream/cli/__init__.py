"""The command line: one module a command, put together in `stream/cli/commands.py`.

Here next to nothing is imported, so that Ctrl-C while the commands are imported is one line too.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

INTERRUPTED = 130


def main() -> None:
    """Run the command line.

    Exit codes: 0 success only, 1 a model or data error, 2 usage, 65 circuit breaker, 69 Kafka (or a
    watched process) not reached, 74 storage failed, 75 delivery failed, 130 interrupted.
    """
    # A closed pipe (`codiflux ... | head`) ends us quietly, as it does other commands.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        from stream.cli.commands import run

        run()
    except KeyboardInterrupt:
        print("codiflux: interrupted", file=sys.stderr)
        _end(INTERRUPTED)
    except SystemExit as ending:
        if isinstance(ending.code, int) and ending.code != 0:
            _end(ending.code)
        raise


def _end(code: int) -> None:
    """End with an exit code, whatever still runs.

    A daemon thread in which fastText trains would be torn out of its C++ code when the interpreter
    ends, which aborts the process (python/cpython issue 87135). All that is ours to close is closed.
    """
    if any(thread.daemon for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
