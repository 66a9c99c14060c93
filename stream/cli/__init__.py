"""The command line: one module a command, put together in `stream/cli/commands.py`.

Here next to nothing is imported, so that Ctrl-C while the commands are imported is one line too.
"""

from __future__ import annotations

import signal
import sys

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
        sys.exit(INTERRUPTED)
