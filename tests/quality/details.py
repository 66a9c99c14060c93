"""The report's page, where to look closer: sections, types, variables, confusions, variants, steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.quality.markdown import Figures, between, both, percent, sentence, table

TYPES = {
    "A": "agriculture",
    "C": "commerce",
    "G": "civil companies",
    "I": "letting by persons",
    "M": "crafts",
    "R": "commercial agents",
    "S": "associations",
    "X": "liberal professions",
    "Y": "micro-entrepreneurs",
    "-": "not given",
}
VARIABLE_NAMES = {"cj": "legal form (cj)", "activity_permanence_status": "permanence", "type_form": "type of filing"}


def by_section(figures: Figures) -> str:
    """Accuracy by section."""
    rows = [
        [
            f"{row['section']} {sentence(row['label'])}",
            str(row["rows"]),
            percent(row["accuracy"]),
            between(row["interval"]),
            percent(row["top_5"]),
            percent(row["section_accuracy"]),
        ]
        for row in both(figures)[0]["by_section"]
    ]
    header = ["section", "filings", "sub-class right", "interval", "in first five", "section right"]
    return f"""## By section

![Accuracy by section](images/quality-sections.svg)

{table(header, rows)}

A section with few filings has a wide interval: read the interval, not the figure."""


def by_type(figures: Figures) -> str:
    """Accuracy by type of filing and by length of text."""
    model = both(figures)[0]

    def rows(groups: Sequence[Figures], names: Mapping[str, str]) -> list[list[str]]:
        return [
            [
                names.get(row["group"], row["group"]),
                str(row["rows"]),
                percent(row["accuracy"]),
                between(row["interval"]),
                percent(row["top_5"]),
            ]
            for row in groups
        ]

    header = ["filings", "sub-class right", "interval", "in first five"]
    types = {key: name if key == "-" else f"{key} ({name})" for key, name in TYPES.items()}
    return f"""## By type of filing and by length

{table(["type of filing", *header], rows(model["by_type"], types))}

{table(["length of the text", *header], rows(model["by_length"], {}))}"""


def variables(figures: Figures) -> str:
    """What the variables beside the text are worth."""
    rows = []
    whole = both(figures)[0]["without"][0]["accuracy"]
    for row in both(figures)[0]["without"]:
        name = VARIABLE_NAMES.get(row["missing"], row["missing"])
        shown = name if row["missing"] in ("every variable as filed", "text alone") else f"without {name}"
        change = f"{(row['accuracy'] - whole) * 100:+.1f} points"
        rows.append([shown, percent(row["accuracy"]), between(row["interval"]), change, percent(row["top_5"])])
    return f"""## With and without the variables

The same filings and model, with variables taken away. They are often missing in reality, so the text
must suffice; where only a variable tells (a shop from a market stall from a website), it decides.

{table(["", "sub-class right", "interval", "change", "in first five"], rows)}"""


def confusions(figures: Figures) -> str:
    """The confusions that cost most."""
    rows = [
        [
            f"{row['code']} {row['label']}",
            f"{row['given']} {row['given_label']}",
            str(row["rows"]),
            f"{row['share'] * 100:.2f} %",
            f"{row['automatic'] * 100:.2f} %",
        ]
        for row in both(figures)[0]["confusions"]
    ]
    header = ["should be", "was given", "filings here", "of real filings", "of these automatic"]
    return f"""## The confusions that cost most

Each declaration stands for as many real filings as the frequency of its code says
(`models/starter/class_weights.csv`). The last column passed without a human at the default threshold.

{table(header, rows)}"""


def variants(figures: Figures) -> str:
    """Size and speed, full and quantised."""
    rows = [
        [
            name,
            f"{row['megabytes']:.1f} MB",
            percent(row["accuracy"]),
            percent(row["top_5"]),
            f"{row['decisions_a_second']:,.0f}",
            f"{row['prepared_predictions_a_second']:,.0f}",
            f"{row['raw_predictions_a_second']:,.0f}",
        ]
        for name, row in figures["variants"].items()
    ]
    header = ["variant", "artefact", "sub-class right", "in first five", "decisions/s", "fastText/s", "predict alone/s"]
    return f"""## Size and speed of the variants

{table(header, rows)}

On one core, by processor time, best of five, without the cache. "Decisions" is `decide_batch` on batches
of 256 with normalisation, candidates, policy and all; "fastText" normalises the same way and calls the
library's `predict(k=5)` line by line; "predict alone" is that call on lines normalised beforehand.
These are the only figures here that depend on the machine."""


def ablations(figures: Figures) -> str:
    """What each step bought."""
    found = figures["ablations"]
    if not found:
        return "## What each step bought\n\nNot measured yet (`tests/quality/ablations.json` is not there)."
    rows = [
        [row["settings"], *(percent(row[key]) if row.get(key) is not None else "" for key in found["columns"])]
        for row in found["rows"]
    ]
    return f"## What each step bought\n\n{found['measured_on']}\n\n{table(['', *found['columns'].values()], rows)}"
