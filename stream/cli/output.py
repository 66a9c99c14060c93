"""What commands print: results on standard output, progress and logs on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

output = Console(soft_wrap=True)
"""Results."""
messages = Console(stderr=True, soft_wrap=True)
"""Progress and notes."""


def note(line: str) -> None:
    """A note with names that others chose (files, columns): printed as it is, never as markup."""
    messages.print(line, markup=False, highlight=False)


def print_json(value: Any) -> None:
    """One JSON object as one line: the last line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


class _Rate(ProgressColumn):
    """So many a second."""

    def render(self, task: Task) -> Text:
        """What the column shows."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


@contextmanager
def progress_bar(description: str, total: int | None = None, *, paced: bool = False) -> Iterator[Progress]:
    """A progress bar on standard error; its one task has id 0. Nothing is drawn without a terminal.

    Parameters
    ----------
    paced
        Also show the rate and the time left: for what takes minutes or hours.
    """
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        *((_Rate(), TextColumn("left"), TimeRemainingColumn()) if paced else ()),
        console=messages,
        disable=not messages.is_terminal,
    ) as progress:
        progress.add_task(description, total=total)
        yield progress
