"""Write docs/images/dashboard-*.svg from a worker and a monitor that run for some minutes; takes those minutes."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.dashboards.picture import picture
from tests.dashboards.stand import Stand, Windows, standing
from tests.dashboards.viewer import Viewer
from tests.ports import free_block

ROOT = Path(__file__).resolve().parents[2]
DASHBOARDS = sorted((ROOT / "infra" / "grafana" / "dashboards").glob("*.json"))
IMAGES = ROOT / "docs" / "images"
KAFKA = ROOT / "infra" / "kafka" / "kafka"
WINDOWS = Windows(short=500, long=2_000, baseline=4_000)
BATCH = 150
SIGNAL = "text_capital_share"
"""Whose own panels are drawn: the filings of the new trade are in capitals."""


def main() -> None:
    """Draw the dashboards."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="codiflux-dashboards-") as name:
        work = Path(name)
        kafka, port, ports = ["--data", str(work / "kafka")], free_block(), free_block()
        subprocess.run([str(KAFKA), "start", *kafka, "--port", str(port)], check=True, stdout=sys.stderr)
        try:
            bootstrap = f"127.0.0.1:{port}"
            nobody = f"redis://127.0.0.1:{ports + 3}/0"
            with standing(
                bootstrap, options.model, work, prefix="dash.", ports=ports, windows=WINDOWS, redis_url=nobody
            ) as stand:
                _traffic(stand, options.minutes)
                _draw(stand)
        finally:
            subprocess.run([str(KAFKA), "stop", *kafka], check=False, stdout=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.dashboards", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of a model artefact")
    parser.add_argument("--minutes", type=float, default=6.0, help="how long filings are sent")
    return parser.parse_args()


def _traffic(stand: Stand, minutes: float) -> None:
    """Filings as usual for two thirds of the time, then a third of them of a new trade; humans label meanwhile."""
    started, sent, strange = time.time(), 0, 0
    while (spent := time.time() - started) < 60 * minutes:
        stand.as_usual(BATCH)
        if spent > 40 * minutes:
            stand.new_trade(BATCH // 2, start=strange)
            strange += BATCH // 2
        sent += 1
        if sent % 10 == 0:
            stand.label(seed=sent)
        time.sleep(1.0)


def _draw(stand: Stand) -> None:
    """What a viewer sees just before the traffic ends."""
    end = time.time()
    for path in DASHBOARDS:
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        viewer = Viewer(dashboard, stand.prometheus, start=stand.began, end=end)
        target = IMAGES / f"dashboard-{path.stem}.svg"
        target.write_text(picture(viewer, note=_note(viewer), repeated={"signal": SIGNAL}), encoding="utf-8")
        print(f"wrote {target.name}", file=sys.stderr)


def _note(viewer: Viewer) -> str:
    minutes = round((viewer.end - viewer.start) / 60)
    return f"{minutes} minutes of a worker and a monitor on one machine, simulated filings; drawn by our own renderer"


if __name__ == "__main__":
    main()
