"""The garbage collector of a process that streams."""

from __future__ import annotations

import gc


def collect_seldom() -> None:
    """Call when what lives as long as the process is there, or most of it.

    Models and libraries need not be walked again; batches make no cycles, so that the collector,
    which goes through every batch still held, may come by seldom.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
