"""The report's page, beyond the evaluation set: texts from elsewhere, second reader, how it is done."""

from __future__ import annotations

from tests.quality.markdown import Figures, between, percent, table


def elsewhere(figures: Figures) -> str:
    """Texts that were not written for us."""
    parts = ["## Texts from elsewhere"]
    reference, filings, uk = figures["reference_texts"], figures["real_format"], figures["uk"]
    if reference is None:
        parts.append("Reference texts: not measured, the reference data was not there.")
    else:
        rows = [
            [row["source"].replace("_", " "), str(row["rows"]), percent(row["accuracy"]), percent(row["top_5"])]
            for row in [{"source": "**all**", **reference["all"]}, *reference["by_source"]]
        ]
        parts.append(
            "Titles and notes of nomenclatures, product titles, professions: how classifications are worded, not\n"
            "how declarants write. The model was trained on none of them.\n\n"
            + table(["source", "texts", "sub-class right", "in first five"], rows)
        )
    if filings is None:
        parts.append("Filings in the real format: not measured, the reference data was not there.")
    else:
        routes = ", ".join(f"{count} {route}" for route, count in filings["routes"].items())
        parts.append(
            f"The {filings['rows']} test filings of Insee's ARC software are in the real format but have no codes.\n"
            f"Of {filings['distinct']} distinct contents: {routes}."
        )
    if uk is None:
        parts.append("UK SIC 2007 index: not measured in this run.")
    else:
        parts.append(
            "The training of own data (kinship and passes chosen on a fold of the part trained on)"
            f" on the index of UK SIC 2007 ({uk['trained']:,} texts; of the\n"
            f"{uk['rows']:,} kept aside by hash {uk['unseen_codes']} have a code never seen):\n"
            f"{percent(uk['accuracy'])} ({between(uk['interval'])}) right, {percent(uk['top_5'])} among the first five."
            " Goal: 63 % and 83 %; a lightly tuned plain fastText: 60.8 % and 81.1 %."
        )
    return "\n\n".join(parts)


def difficulty(figures: Figures) -> str:
    """What a model that was taught nothing of ours finds in the evaluation set."""
    return """## How hard the evaluation set is

Trained on nothing but the nomenclature's own texts (10,873 of them), plain fastText (softmax, 100
dimensions, 50 epochs) finds 31.1 % of this set at level 5 and 54.5 % among the first five;
`codiflux train` on the same texts finds 43.4 % and 66.8 %, and 59.3 % at level 1. On real filings such
a starting point is reported to find 38.3 % and 55.6 %, on a harder set of written ones 22 % and 43 %.
So to a model that reads like a nomenclature this set is about as hard as real filings. It says nothing
of how near the training corpus its wording is: the tenth of the corpus kept aside, whole groups of
near-duplicates, is the harder judge. Measured once, on the set of 1,658."""


def second_reader(figures: Figures) -> str:
    """Whether another reader gives the corpus the same codes."""
    found = figures["second_reader"]
    title = "## The corpus read by a second reader\n\n"
    if not found:
        return title + "Not published yet (`tests/quality/second_reader.json` is not there)."
    return (
        f"{title}{found['rows']:,} lines of the training corpus were coded blind by a second reader, who\n"
        f"saw the text and the variables that decide: {percent(found['agreed'] / found['rows'])} the same sub-class,"
        f" {percent(found['agreed_second_choice'] / found['rows'])} with the second choice.\n"
        "Lines where the two disagreed were mended or dropped."
    )


def method(figures: Figures) -> str:
    """How to get these figures again."""
    sources = figures["sources"]
    settings = figures["models"]["naf-rev2"]["hyperparameters"]
    said = ", ".join(f"{name} {value}" for name, value in sorted(settings.items()))
    return f"""## How to get these figures again

`make quality` trains both models and the UK one, measures, writes `tests/quality/figures.json` and
renders this page from it; `python -m tests.quality --model DIR --model-2025 DIR` measures models that
are there. The same corpus, seed and library versions give the same models and figures, speeds apart. A
test fails when the corpus, the evaluation set or the text and feature versions are no longer those
measured.

- corpus `{sources["corpus"][:16]}`, evaluation set `{sources["evaluation"][:16]}`, harder set
  `{sources["hard"][:16]}`, text version
  {sources["text_version"]}, features version {sources["features_version"]}
- {said}"""
