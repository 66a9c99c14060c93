"""Figures of an evaluation as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table


def accuracy_table(figures: Mapping[str, Any], *, title: str) -> Table:
    """Accuracy by level and top-k, each with its 95 % interval."""
    table = Table(title=title, title_justify="left")
    table.add_column("figure")
    table.add_column("share", justify="right")
    table.add_column("95 % interval", justify="right")
    for level, share in figures["accuracy"].items():
        _add(table, f"right at {level.replace('_', ' ')}", share, figures["accuracy_intervals"][level])
    for k, share in figures["top_k"].items():
        _add(table, f"right code among the first {k}", share, figures["top_k_intervals"][k])
    return table


def automation_table(figures: Mapping[str, Any]) -> Table:
    """Calibration, automation and error at the threshold."""
    table = Table(title=f"At threshold {figures['threshold']:g}", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    _add(table, "automatic", figures["automation"], figures["automation_interval"])
    _add(table, "wrong among automatic", figures["auto_error"], figures["auto_error_interval"])
    table.add_row("wrong among automatic, at most", f"{figures['auto_error_upper']:.1%}", "")
    table.add_row("macro F1", f"{figures['macro_f1']:.3f}", "")
    table.add_row("expected calibration error", f"{figures['ece']:.3f}", "")
    table.add_row("Brier score of the first code", f"{figures['brier']:.3f}", "")
    return table


def _add(table: Table, name: str, share: float, interval: tuple[float, float]) -> None:
    low, high = interval
    table.add_row(name, f"{share:.1%}", f"{low:.1%} to {high:.1%}")
