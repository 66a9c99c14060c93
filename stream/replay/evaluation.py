"""What labels, costs, drift and retraining say of a finished run: the `evaluation` of its summary."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from models.backtest.columns import NO_CODE, Part, Setting
from models.backtest.curve import Costs
from models.backtest.evaluated import Evaluation, LabelFigures
from models.backtest.figures import Example
from models.backtest.judging import Judge
from stream.replay.history import History
from stream.replay.judged import Run
from stream.replay.rows import Rows

_SEED = 20_261_128
_DRAWN = np.dtype(
    [
        ("unlabelled", np.bool_),
        ("lot", np.uint64),
        ("filing", np.int64),
        ("truth", np.int32),
        *((name, np.int32) for name in ("a", "b")),
        *((name, np.float64) for name in ("confidence_a", "confidence_b")),
    ]
)


def evaluate(history: History, *, labels: LabelFigures | None, costs: Costs, examples: int) -> Evaluation:
    """The figures, without drift and retraining.

    Parameters
    ----------
    examples
        Filings shown with their texts for each comparison; 0 keeps every text out.
    """
    judge = Judge(history.setting, costs)
    drawn = [Drawing(number, examples) for number in range(2, len(history.setting.models) + 1)]
    start = 0
    for part in history:
        judge.add(part)
        for drawing in drawn:
            drawing.add(part, start)
        start += len(part.filings)
    return Evaluation(
        costs=costs,
        labels=labels,
        models=judge.models(),
        variants=judge.variants(),
        focus=judge.focus(),
        comparisons=tuple(
            compared.model_copy(update={"examples": drawing.examples(history.run, history.setting)})
            for compared, drawing in zip(judge.comparisons(), drawn, strict=True)
        ),
    )


class Drawing:
    """Draws filings on which the first model and another differ, those with a label first.

    Each filing has a lot, which is a function of its place alone; the lowest win.

    Parameters
    ----------
    model
        Number of the other one.
    wanted
        How many.
    """

    def __init__(self, model: int, wanted: int) -> None:
        self._model = model
        self._wanted = wanted
        self._drawn = np.zeros(0, dtype=_DRAWN)

    def add(self, part: Part, start: int) -> None:
        """Take in filings; `start` is the place of the first."""
        a, b = part.codings[0], part.codings[self._model - 1]
        apart = np.flatnonzero(a.code != b.code)
        found = np.zeros(len(apart), dtype=_DRAWN)
        found["filing"] = start + apart
        found["lot"] = lots(found["filing"])
        found["truth"] = part.truth.code[apart]
        found["unlabelled"] = found["truth"] == NO_CODE
        found["a"], found["b"] = a.code[apart], b.code[apart]
        found["confidence_a"], found["confidence_b"] = a.confidence[apart], b.confidence[apart]
        every = np.concatenate([self._drawn, found])
        self._drawn = every[np.lexsort((every["filing"], every["lot"], every["unlabelled"]))[: self._wanted]]

    def examples(self, run: Run, setting: Setting) -> tuple[Example, ...]:
        """Those drawn, in their order, with their texts."""
        chosen = np.sort(self._drawn, order="filing")
        rows = Rows(run, ("formality_id", "description_activity")).at(chosen["filing"]) if len(chosen) else []
        return tuple(
            Example(
                formality_id=row["formality_id"],
                text=row["description_activity"],
                truth=_code(setting, int(drawn["truth"])),
                a=_code(setting, int(drawn["a"])) or "",
                b=_code(setting, int(drawn["b"])) or "",
                confidence_a=float(drawn["confidence_a"]),
                confidence_b=float(drawn["confidence_b"]),
            )
            for row, drawn in zip(rows, chosen, strict=True)
        )


def lots(filings: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """A number for each place that has nothing to do with its order.

    References
    ----------
    Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators": their mixing.
    """
    mixed = (filings.astype(np.uint64) + np.uint64(_SEED)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _code(setting: Setting, position: int) -> str | None:
    """A code as written; empty for "nothing to code", `None` for no label."""
    if position >= 0:
        return setting.codes[position]
    return None if position == NO_CODE else ""
