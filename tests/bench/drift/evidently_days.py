"""Each day's columns against the first day's by Evidently's defaults; prints one JSON object.

python evidently_days.py FOLDER       with 00.npz (the reference), 01.npz, ...
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")
import evidently  # noqa: E402
import pandas as pd  # noqa: E402
from evidently import DataDefinition, Dataset, Report  # noqa: E402
from evidently.presets import DataDriftPreset  # noqa: E402


def frame(path: Path) -> pd.DataFrame:
    """The columns of one day, `n:` numeric and `c:` categorical."""
    with np.load(path) as columns:
        return pd.DataFrame({name: (v if name[0] == "n" else v.astype(str)) for name, v in columns.items()})


def main() -> None:
    """Names of the columns that each day finds drifted."""
    paths = sorted(Path(sys.argv[1]).glob("*.npz"))
    frames = [frame(path) for path in paths]
    numeric = [name for name in frames[0] if name[0] == "n"]
    categorical = [name for name in frames[0] if name[0] == "c"]
    shape = DataDefinition(numerical_columns=numeric, categorical_columns=categorical)
    reference, *days = [Dataset.from_pandas(one, data_definition=shape) for one in frames]
    verdicts = []
    for day in days:
        said = Report([DataDriftPreset()]).run(day, reference).dict()
        verdicts.append([name for name in (_drifted(metric) for metric in said["metrics"]) if name])
    print(json.dumps({"version": evidently.__version__, "drifted_columns": verdicts}))


def _drifted(metric: dict) -> str | None:
    """The column of a metric that says it has drifted."""
    config = metric.get("config", {})
    column, threshold, method = config.get("column"), config.get("threshold"), config.get("method", "")
    if column is None or threshold is None:
        return None
    value = float(metric["value"])
    drifted = value < threshold if "p_value" in method else value >= threshold
    return column[2:] if drifted else None


if __name__ == "__main__":
    main()
