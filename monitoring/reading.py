"""The readings of a panel: every signal, window and comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from monitoring.distances import SQUARED, Distance, measured
from monitoring.evidence import before_and_after
from monitoring.layout import Floats
from monitoring.noise_floor import floor_at
from monitoring.panel import Panel
from monitoring.readings import Against, SignalReading
from monitoring.reference import Reference
from monitoring.significance import chi_square, cohens_d, cohens_w, kolmogorov_smirnov
from schemas.signals import TWO_CELLS, SignalKind


def panel_readings(panel: Panel, reference: Reference | None) -> Iterator[SignalReading]:
    """Compare every window with training, baseline and the window before."""
    compared: dict[Against, Floats] = {}
    if reference is not None:
        compared[Against.TRAINING] = reference.row(panel.layout, panel.categories)
    if panel.baseline.ready:
        compared[Against.BASELINE] = panel.baseline.row
    windows = {f"{size}_filings": window.total for size, window in panel.windows.items()}
    windows.update({f"{span.seconds:g}_seconds": span.total for span in panel.spans})
    for name, row in windows.items():
        for against, other in compared.items():
            yield from _window(panel, name, row, against, other, reference)
    for size, double in panel.doubles.items():
        if double.full and panel.baseline.ready:
            row = panel.windows[size].total
            yield from _window(panel, f"{size}_filings", row, Against.PREVIOUS, double.total - row, reference)


def _window(
    panel: Panel, window: str, row: Floats, against: Against, other: Floats, reference: Reference | None
) -> Iterator[SignalReading]:
    layout = panel.layout
    distances = {d: measured(d, row[: layout.cells], other[: layout.cells], layout.starts) for d in Distance}
    totals = layout.totals(row)
    for place, signal in enumerate(layout.signals):
        cells = layout.of_signal[signal.name]
        observed, before = row[cells], other[cells]
        if min(observed.sum(), before.sum()) <= 0:
            continue
        numeric = signal.kind is SignalKind.NUMERIC
        shown = [panel.settings.distance] if signal in TWO_CELLS else list(Distance)
        floors = _floors(panel, place, against, float(totals[place]), reference)
        then, now = before_and_after(panel, signal.name, other, row)
        yield SignalReading(
            signal=signal.name,
            window=window,
            against=against,
            model_version=panel.model_version,
            state=panel.state_of(place),
            observations=int(totals[place]),
            distances={d: float(distances[d][place]) for d in shown},
            floors={d: floors[d] for d in shown if d in floors},
            p_value=(kolmogorov_smirnov if numeric else chi_square)(observed, before),
            effect_size=(
                cohens_d(layout.moments(other, signal.name), layout.moments(row, signal.name))
                if numeric
                else cohens_w(observed, before)
            ),
            before=then,
            after=now,
            missing_share=None if numeric else float(observed[0] / observed.sum()),
        )


def _floors(
    panel: Panel, place: int, against: Against, n: float, reference: Reference | None
) -> Mapping[Distance, float]:
    name = panel.layout.names[place]
    if against is Against.TRAINING:
        known = reference.floors.get("signals", {}).get(name) if reference is not None else None
        return (
            {}
            if known is None or reference is None
            else {d: floor_at(known, reference.floors["sizes"], d, n) for d in Distance}
        )
    sizes = sorted(panel.baseline.noise)
    by_distance = {str(d): [float(panel.baseline.noise[size][d].floor[place]) for size in sizes] for d in Distance}
    if any(not np.isfinite(floor) for floors in by_distance.values() for floor in floors):
        return {}
    found = {d: floor_at(by_distance, sizes, d, n) for d in Distance}
    if against is Against.PREVIOUS:
        # The baseline is a larger sample than the window before: squared distances grow with 1/n + 1/m.
        m = float(panel.layout.totals(panel.baseline.row)[place])
        wider = (2 / n) / (1 / n + 1 / max(m, 1.0))
        found = {d: floor * (wider**0.5 if d in SQUARED else wider) for d, floor in found.items()}
    return found
