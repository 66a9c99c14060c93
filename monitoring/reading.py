"""The readings of a panel: every signal, window and comparison, all of them computed at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from monitoring.distances import SQUARED, Distance, measured, shares
from monitoring.floors import Floors, of_baseline, of_training
from monitoring.layout import Floats
from monitoring.panel import Panel
from monitoring.readings import Against, SignalReading
from monitoring.reference import Reference
from monitoring.significance import chi_squares, cohens_d, cohens_ws, known, kolmogorov_smirnovs
from schemas.signals import TWO_CELLS, Signal, SignalKind

InFull = Callable[[str, Against], bool]
"""Whether a window's comparison is wanted with its numbers, or only that it is there, and its state."""


class _Said(NamedTuple):
    """What numeric and categorical signals say differently."""

    p_value: float
    effect_size: float | None
    before: float | None
    after: float | None
    missing_share: float | None


class _Comparison(NamedTuple):
    window: str
    against: Against
    row: Floats
    other: Floats


def panel_readings(panel: Panel, reference: Reference | None, in_full: InFull | None = None) -> list[SignalReading]:
    """Compare every window with training, baseline and the window before.

    Parameters
    ----------
    in_full
        Which comparisons are wanted with their numbers; all of them by default.
    """
    comparisons = list(_comparisons(panel, reference))
    wanted = [c for c in comparisons if in_full is None or in_full(c.window, c.against)]
    rest = [c for c in comparisons if in_full is not None and not in_full(c.window, c.against)]
    return [*_full(panel, wanted, reference), *_brief(panel, rest)]


def _comparisons(panel: Panel, reference: Reference | None) -> Iterator[_Comparison]:
    compared: dict[Against, Floats] = {}
    if reference is not None:
        compared[Against.TRAINING] = reference.row(panel.layout, panel.categories)
    if panel.baseline.ready:
        compared[Against.BASELINE] = panel.baseline.row
    windows = {f"{size}_filings": window.total for size, window in panel.windows.items()}
    windows.update({f"{span.seconds:g}_seconds": span.total for span in panel.spans})
    for name, row in windows.items():
        for against, other in compared.items():
            yield _Comparison(name, against, row, other)
    for size, double in panel.doubles.items():
        if double.full and panel.baseline.ready:
            row = panel.windows[size].total
            yield _Comparison(f"{size}_filings", Against.PREVIOUS, row, double.total - row)


def _brief(panel: Panel, comparisons: Sequence[_Comparison]) -> Iterator[SignalReading]:
    for window, against, row, other in comparisons:
        totals, before = panel.layout.totals(row), panel.layout.totals(other)
        for place in np.flatnonzero((totals > 0) & (before > 0)).tolist():
            yield _reading(panel, place, window, against, totals[place])


def _reading(panel: Panel, place: int, window: str, against: Against, total: float) -> SignalReading:
    return SignalReading(
        signal=panel.layout.names[place],
        window=window,
        against=against,
        model_version=panel.model_version,
        state=panel.state_of(place),
        observations=int(total),
    )


def _full(panel: Panel, comparisons: Sequence[_Comparison], reference: Reference | None) -> Iterator[SignalReading]:
    if not comparisons:
        return
    layout = panel.layout
    rows = np.stack([comparison.row for comparison in comparisons])
    others = np.stack([comparison.other for comparison in comparisons])
    cells, before = rows[:, : layout.cells], others[:, : layout.cells]
    distances = {d: measured(d, cells, before, layout.starts).tolist() for d in Distance}
    chi_square, smirnov, effect = (
        test(cells, before, layout.starts) for test in (chi_squares, kolmogorov_smirnovs, cohens_ws)
    )
    totals, totals_before = layout.totals(rows), layout.totals(others)
    p, q = shares(cells, layout.starts), shares(before, layout.starts)
    carried = (np.sqrt(p) - np.sqrt(q)) ** 2
    for number, (window, against, row, other) in enumerate(comparisons):
        floors = _floors(panel, against, totals[number], reference)
        for place in np.flatnonzero((totals[number] > 0) & (totals_before[number] > 0)).tolist():
            signal = layout.signals[place]
            own = layout.of_signal[signal.name]
            shown = _shown(panel, signal)
            if signal.kind is SignalKind.NUMERIC:
                then, now = layout.moments(other, signal.name), layout.moments(row, signal.name)
                said = _Said(smirnov[number, place], cohens_d(then, now), then and then[0], now and now[0], None)
            else:
                most = own.start + int(np.argmax(carried[number, own]))
                said = _Said(
                    chi_square[number, place],
                    known(effect[number, place]),
                    float(q[number, most]),
                    float(p[number, most]),
                    float(p[number, own.start]),
                )
            yield replace(
                _reading(panel, place, window, against, totals[number, place]),
                distances={d: distances[d][number][place] for d in shown},
                floors={} if np.isnan(floors[shown[0]][place]) else {d: float(floors[d][place]) for d in shown},
                p_value=known(said.p_value),
                effect_size=said.effect_size,
                before=said.before,
                after=said.after,
                missing_share=said.missing_share,
            )


def _shown(panel: Panel, signal: Signal) -> list[Distance]:
    return [panel.settings.distance] if signal in TWO_CELLS else list(Distance)


def _floors(panel: Panel, against: Against, totals: Floats, reference: Reference | None) -> Mapping[Distance, Floats]:
    """For each distance the floor of each signal at the window's size, NaN where none is known."""
    known_floors: Floors | None = (
        of_training(reference, panel.layout) if against is Against.TRAINING else of_baseline(panel.baseline)
    )
    if known_floors is None:
        return {d: np.full(len(totals), np.nan) for d in Distance}
    found = known_floors.at(totals)
    if against is Against.PREVIOUS:
        # The baseline is a larger sample than the window before: squared distances grow with 1/n + 1/m.
        m = np.maximum(panel.layout.totals(panel.baseline.row), 1.0)
        n = np.maximum(totals, 1.0)
        wider = (2 / n) / (1 / n + 1 / m)
        found = {d: floor * (wider**0.5 if d in SQUARED else wider) for d, floor in found.items()}
    return found
