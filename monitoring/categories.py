"""Which cell of a categorical signal a category has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from schemas.signals import MISSING, OTHER, SIGNALS, SignalKind


class Categories:
    """Cells of the categorical signals, given out as categories appear.

    A category that no reference names gets the next free cell; when none is free it shares the last
    cell, so that a stream of nonsense cannot grow the monitor.

    Examples
    --------
    >>> categories = Categories({"nature": ["04", "10"]})
    >>> [categories.cell("nature", value) for value in (None, "10", "99", "10")]
    [0, 2, 3, 2]
    >>> categories.name("nature", 3)
    '99'
    """

    def __init__(self, known: Mapping[str, Iterable[str]] | None = None) -> None:
        self._cells: dict[str, dict[str, int]] = {}
        self._names: dict[str, list[str]] = {}
        self._room: dict[str, int] = {}
        for signal in SIGNALS:
            if signal.kind is SignalKind.CATEGORICAL:
                self._cells[signal.name] = {MISSING: 0}
                self._names[signal.name] = [MISSING]
                self._room[signal.name] = signal.size - 1
        for name, categories in (known or {}).items():
            for category in categories:
                self.cell(name, category)

    def cell(self, signal: str, category: str | None) -> int:
        """The category's cell; missing is 0."""
        cells = self._cells[signal]
        found = cells.get(category or MISSING)
        if found is not None:
            return found
        names, room = self._names[signal], self._room[signal]
        if len(names) >= room or category == OTHER:
            return room
        cells[category or MISSING] = len(names)
        names.append(category or MISSING)
        return len(names) - 1

    def table(self, signal: str) -> dict[str, int]:
        """Category -> cell of what has one; read it, and ask `cell` for what is not there."""
        return self._cells[signal]

    def name(self, signal: str, cell: int) -> str:
        """The category of a cell."""
        names = self._names[signal]
        return names[cell] if cell < len(names) else OTHER

    def known(self) -> dict[str, Sequence[str]]:
        """Every category that has a cell of its own, in the order of the cells."""
        return {signal: tuple(names) for signal, names in self._names.items()}
