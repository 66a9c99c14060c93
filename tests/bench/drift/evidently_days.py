"""Each day's columns against the first day's by Evidently's defaults; prints one JSON object a folder.

python evidently_days.py FOLDER...    with 00.npz (the reference), 01.npz, ...

The test that Evidently chooses for a column, with its threshold, as `DataDriftPreset` asks for it, but
without the preset's report: that draws every column of every day, which takes longer than the tests by
far. `--report` takes the preset itself, to see that both say the same.
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
from evidently.legacy.calculations.stattests import get_stattest  # noqa: E402
from evidently.legacy.core import ColumnType  # noqa: E402
from evidently.presets import DataDriftPreset  # noqa: E402


def frame(path: Path) -> pd.DataFrame:
    """The columns of one day, `n:` numeric and `c:` categorical."""
    with np.load(path) as columns:
        return pd.DataFrame({name: (v if name[0] == "n" else v.astype(str)) for name, v in columns.items()})


def main() -> None:
    """Names of the columns that each day finds drifted."""
    verdict = by_report if "--report" in sys.argv else by_test
    for folder in [name for name in sys.argv[1:] if not name.startswith("--")]:
        reference, *days = [frame(path) for path in sorted(Path(folder).glob("*.npz"))]
        verdicts = [verdict(day, reference) for day in days]
        print(json.dumps({"version": evidently.__version__, "drifted_columns": verdicts}))


def by_test(day: pd.DataFrame, reference: pd.DataFrame) -> list[str]:
    """The columns for which the default test says drift."""
    found = []
    for name in reference:
        kind = ColumnType.Numerical if name[0] == "n" else ColumnType.Categorical
        before, after = (one[name].replace([-np.inf, np.inf], np.nan).dropna() for one in (reference, day))
        if get_stattest(before, after, kind, None)(before, after, kind, None).drifted:
            found.append(name[2:])
    return found


def by_report(day: pd.DataFrame, reference: pd.DataFrame) -> list[str]:
    """The columns that the preset's report calls drifted."""
    numeric = [name for name in reference if name[0] == "n"]
    categorical = [name for name in reference if name[0] == "c"]
    shape = DataDefinition(numerical_columns=numeric, categorical_columns=categorical)
    now, then = [Dataset.from_pandas(one, data_definition=shape) for one in (day, reference)]
    said = Report([DataDriftPreset()]).run(now, then).dict()
    return [name for name in (_drifted(metric) for metric in said["metrics"]) if name]


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
