"""Numbers, times and colours as a dashboard shows them."""

from __future__ import annotations

import math
from datetime import UTC, datetime

PALETTE = (
    "#1f5fa8", "#c4521c", "#1a7f5a", "#8250df", "#b08800", "#0b7285", "#a61e4d", "#57606a", "#5c7c1a", "#bc4c9c"
)  # fmt: skip
NAMED = {"green": "#1a7f37", "orange": "#bf6a02", "red": "#cf222e", "blue": "#1f5fa8", "purple": "#8250df"}
DAY, HOUR, MINUTE = 86_400, 3_600, 60
SHADES = 24
LIGHT, DARK = (247, 251, 255), (8, 48, 107)
COLD, MIDDLE, WARM = (33, 102, 172), (250, 250, 250), (178, 24, 43)
ROUND_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 43_200)
Colour = tuple[int, int, int]


def shown(value: float, unit: str) -> str:
    """A value with its unit.

    >>> shown(0.9912, "percentunit"), shown(0.0123, "s"), shown(5400, "s"), shown(1234567, "short"), shown(3e8, "bytes")
    ('99.1 %', '12.3 ms', '1.5 h', '1.23 M', '286 MiB')
    """
    if not math.isfinite(value):
        return "∞" if value > 0 else "-"
    if unit == "percentunit":
        return f"{value * 100:.3g} %"
    if unit == "s":
        return _seconds(value)
    if unit == "h":
        return f"{_scaled(value, 1000, ('', 'k', 'M', 'G'))} h"
    if unit == "bytes":
        return _scaled(value, 1024, ("B", "KiB", "MiB", "GiB"))
    return _scaled(value, 1000, ("", "k", "M", "G")) + ("/s" if unit == "cps" else "")


def _seconds(value: float) -> str:
    for size, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (1, "s")):
        if abs(value) >= size:
            return f"{value / size:.3g} {name}"
    return f"{value * 1000:.3g} ms" if value else "0 s"


def _scaled(value: float, base: int, names: tuple[str, ...]) -> str:
    place = 0
    while abs(value) >= 0.97 * base and place < len(names) - 1:
        value, place = value / base, place + 1
    digits = f"{value:.3g}" if "e-" not in f"{value:.3g}" or abs(value) < 1e-4 else f"{value:.4f}"
    return f"{digits} {names[place]}".strip()


def ticks(low: float, high: float, unit: str = "short", count: int = 4) -> list[float]:
    """Round values from `low` to `high` in their unit, about `count` of them.

    >>> ticks(0, 37), ticks(0, 4000, "s")
    ([0.0, 10.0, 20.0, 30.0], [0.0, 900.0, 1800.0, 2700.0, 3600.0])
    """
    if high <= low:
        return [low]
    step = _step((high - low) / count, unit)
    first = math.ceil(low / step - 1e-9)
    return [round(number * step, 12) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def _step(rough: float, unit: str) -> float:
    if unit == "s" and rough > 1:
        return float(next((step for step in ROUND_SECONDS if step >= rough * 0.8), DAY * math.ceil(rough / DAY)))
    base = 1024.0 ** max(0, math.floor(math.log(rough, 1024))) if unit == "bytes" else 1.0
    power: float = base * 10.0 ** math.floor(math.log10(rough / base))
    return next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.8)


def decades(low: float, high: float, most: int = 5) -> list[float]:
    """Powers of ten between two positive values, every so many where there are more than `most`."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [10.0**power for power in powers][:: max(1, math.ceil(len(powers) / most))]


def clock(seconds: float) -> str:
    """A time of day, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")


def moments(start: float, end: float, count: int = 4) -> list[float]:
    """Round times between two."""
    for step in ROUND_SECONDS:
        if (end - start) / step <= count:
            break
    first = math.ceil(start / step) * step
    return [first + number * step for number in range(int((end - first) // step) + 1)]


def blend(low: Colour, high: Colour, share: float) -> str:
    """A colour between two."""
    share = round(min(1.0, max(0.0, share)) * SHADES) / SHADES
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(low, high, strict=True))


def sequential(share: float) -> str:
    """Nothing is nearly white, everything dark blue."""
    return blend(LIGHT, DARK, share**0.6)


def diverging(share: float) -> str:
    """-1 blue, 0 white, 1 red."""
    return blend(MIDDLE, WARM, share) if share > 0 else blend(MIDDLE, COLD, -share)


def by_threshold(value: float, steps: list[dict[str, object]]) -> str:
    """The colour of the last step that the value reaches."""
    colour = "green"
    for step in steps:
        if step["value"] is None or value >= float(str(step["value"])):
            colour = str(step["color"])
    return NAMED.get(colour, colour)
