"""Tables: variants, costs, sections and types, disagreements, examples, retraining."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.backtest.curve import CheapestThreshold
from models.backtest.figures import Comparison, ModelFigures, ScheduleFigures, VariantFigures
from stream.replay.report.plot import colour
from stream.replay.report.words import Said, interval, number, percent, plain, points, say, significant

NO_LABEL = say("sans étiquette", "no label")
NOTHING = say("rien à coder", "nothing to code")
LABEL_LENGTH = 60
TEXT_LENGTH = 280
Cells = Sequence[Said | str]


def table(head: Cells, rows: Sequence[Cells], *, numbers_from: int = 1, style: str = "") -> str:
    """A table; a cell that is a `str` is markup already.

    Parameters
    ----------
    numbers_from
        First column that is set to the right.
    """

    def line(cells: Cells, tag: str) -> str:
        marked = []
        for position, cell in enumerate(cells):
            content = cell if isinstance(cell, str) else cell.html()
            marked.append(f"<{tag}{' class=n' if position >= numbers_from else ''}>{content}</{tag}>")
        return f"<tr>{''.join(marked)}</tr>"

    body = "".join(line(row, "td") for row in rows)
    return (
        f'<div class="wide"><table class="{style}"><thead>{line(head, "th")}</thead><tbody>{body}</tbody></table></div>'
    )


def variants(figures: Sequence[VariantFigures], names: Mapping[tuple[int, int], Said]) -> str:
    """Every model under every policy."""
    head = (
        say("modèle · politique", "model · policy"),
        say("automatique", "automatic"),
        say("erreur de la voie automatique", "error of the automatic lane"),
        say("au plus", "at most"),
        say("étiquettes de la voie", "labels in the lane"),
        say("heures de reprise", "review hours"),
        say("min / dossier", "min / filing"),
    )
    rows = [
        (
            _named(mark(one.model), names[one.model, one.policy]),
            interval(one.automation),
            interval(one.auto_error, 2),
            percent(one.auto_error_upper if one.auto_error.rows else None, 2),
            number(one.auto_error.rows),
            number(one.review_hours),
            number(one.minutes, 2) if one.auto_error.rows else plain("–"),
        )
        for one in figures
    ]
    return table(head, rows)


def accuracy(models: Sequence[ModelFigures], levels: Mapping[str, Said], names: Mapping[int, Said]) -> str:
    """Share of right codes by level, and of true codes among the first five."""
    head: Cells = (
        say("part de codes justes", "share of right codes"),
        *(mark(m.number) + names[m.number].html() for m in models),
    )
    rows: list[Cells] = [
        (levels.get(level, plain(level)), *(interval(model.accuracy[level]) for model in models))
        for level in models[0].accuracy
    ]
    rows.append((say("parmi les cinq premiers", "among the first five"), *(interval(m.top_k[-1]) for m in models)))
    return table(head, rows)


def cheapest(by_model: Mapping[int, Sequence[CheapestThreshold]], names: Mapping[int, Said]) -> str:
    """The cheapest threshold for several costs of an error."""
    head: Cells = (
        say("une erreur coûte", "an error costs"),
        *(mark(number_) + names[number_].html() for number_ in by_model),
    )
    ratios = [one.error_ratio for one in next(iter(by_model.values()))]
    rows = [
        (
            say("{n} reprises", "{n} reviews", n=significant(ratio)) if ratio != 1 else say("1 reprise", "1 review"),
            *(_threshold(choices[place]) for choices in by_model.values()),
        )
        for place, ratio in enumerate(ratios)
    ]
    return table(head, rows)


def _threshold(choice: CheapestThreshold) -> Said:
    if choice.automation == 0.0:
        return say("tout en reprise", "all to review")
    return say(
        "{t} · {a} automatique, {e} d’erreur",
        "{t} · {a} automatic, {e} wrong",
        t=significant(choice.threshold),
        a=percent(choice.automation),
        e=percent(choice.auto_error),
    )


def cross(compared: Comparison, a: Said, b: Said) -> str:
    """Labelled filings by which model is right."""
    test = compared.mcnemar
    head = ("", say("{b} juste", "{b} right", b=b), say("{b} faux", "{b} wrong", b=b))
    rows: list[Cells] = [
        (say("{a} juste", "{a} right", a=a), number(test.both), number(test.only_a)),
        (say("{a} faux", "{a} wrong", a=a), number(test.only_b), number(test.neither)),
    ]
    return table(head, rows, style="small")


def pairs(compared: Comparison, a: Said, b: Said, labels: Mapping[str, str]) -> str:
    """The commonest ways of differing."""
    head = (
        a,
        b,
        say("dossiers", "filings"),
        say("étiquetés", "labelled"),
        say("{a} juste", "{a} right", a=a),
        say("{b} juste", "{b} right", b=b),
    )
    rows = [
        (
            _code(one.a, labels),
            _code(one.b, labels),
            number(one.filings),
            number(one.labelled),
            number(one.a_right),
            number(one.b_right),
        )
        for one in compared.pairs
    ]
    return table(head, rows, numbers_from=2)


def examples(compared: Comparison, a: Said, b: Said, labels: Mapping[str, str]) -> str:
    """Filings on which the two differ, in the declarants' words."""
    head = (say("déclaration", "declaration"), a, b, say("étiquette", "label"))
    rows: list[Cells] = [
        (
            plain(shortened(one.text, TEXT_LENGTH)),
            _code(one.a, labels, tick=one.truth is not None and one.truth == one.a),
            _code(one.b, labels, tick=one.truth is not None and one.truth == one.b),
            NO_LABEL if one.truth is None else _code(one.truth, labels),
        )
        for one in compared.examples
    ]
    return table(head, rows, numbers_from=9, style="examples")


def schedules(figures: Sequence[ScheduleFigures], names: Mapping[str, Said]) -> str:
    """Each retraining schedule over the whole history."""
    head = (
        say("réentraînement", "retraining"),
        say("entraînements", "trainings"),
        say("codes justes", "right codes"),
        say("automatique", "automatic"),
        say("erreur automatique", "automatic error"),
        say("min / dossier", "min / filing"),
    )
    rows = [
        (
            mark(series) + names[one.schedule].html(),
            number(one.trainings),
            interval(one.accuracy),
            interval(one.automation),
            interval(one.auto_error, 2),
            number(one.minutes, 2),
        )
        for series, one in enumerate(figures, start=1)
    ]
    return table(head, rows)


def _named(dot: str, name: Said) -> str:
    return f'<span class="name">{dot}{name.html()}</span>'


def mark(series: int) -> str:
    """The colour of a series beside its name."""
    return f'<i class="dot b{colour(series)}"></i>'


def difference(compared: Comparison) -> Said:
    """Accuracy of the second less that of the first, in points."""
    test = compared.mcnemar
    return say(
        "{d} points [{low} ; {high}]",
        "{d} points [{low}, {high}]",
        d=points(test.difference),
        low=points(test.low),
        high=points(test.high),
    )


def shortened(text: str, length: int) -> str:
    """A text cut at a length, with a sign that it was."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def _code(code: str, labels: Mapping[str, str], *, tick: bool = False) -> Said:
    if not code:
        return NOTHING
    return plain(("✓ " if tick else "") + shortened(f"{code} {labels.get(code, '')}".strip(), LABEL_LENGTH))
