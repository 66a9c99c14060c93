"""Write the dashboards, or with --check say whether the written ones are those of the code."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.grafana.make_dashboards import drift, operations, quality

FOLDER = Path(__file__).resolve().parents[1] / "dashboards"


def dashboards() -> dict[str, str]:
    """File name -> JSON."""
    return {
        "operations.json": operations.dashboard(),
        "drift.json": drift.dashboard(),
        "quality.json": quality.dashboard(),
    }


def stale() -> list[str]:
    """Files that are not what the code makes, or that no code makes."""
    made = dashboards()
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    return sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))


def main() -> int:
    """Exit code 1 from --check where a file is stale."""
    arguments = argparse.ArgumentParser(prog="make_dashboards", description=__doc__)
    arguments.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is stale")
    if arguments.parse_args().check:
        for name in stale():
            print(f"{name} is not what the code makes: run `make dashboards`", file=sys.stderr)
        return int(bool(stale()))
    FOLDER.mkdir(exist_ok=True)
    for name, text in dashboards().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
