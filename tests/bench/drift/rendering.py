"""placeholder"""

from typing import Any


def write(figures: dict[str, Any]) -> None: ...
