"""`codiflux explain`, as a user runs it. No service is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.test_model_commands import codiflux, last_object, refusal

TEXT = "Travaux de PLOMBERIE [bold] et chauffage"


def test_a_text_is_explained_in_one_object(small_model: Path) -> None:
    """Decision, at most five codes, the accounts of the first two, the nearest declarations."""
    found = last_object(
        codiflux(
            "explain", TEXT, "--model", small_model, "--type-form", "M", "--nature", "14", "--nearest", 3, "--json"
        )
    )
    assert found["stage"] == "model"
    assert len(found["candidates"]) == 5
    assert [account["code"] for account in found["explanation"]] == [c["code"] for c in found["candidates"][:2]]
    for account in found["explanation"]:
        said = {reason["said"] for reason in account["reasons"]}
        assert {"PLOMBERIE", "chauffage", "nature=14", "type_form=M"} <= said
        total = account["base"] + sum(reason["weight"] for reason in account["reasons"])
        assert total == pytest.approx(account["score"], abs=1e-2)
    assert len(found["nearest"]) == 3
    assert all(set(neighbour) == {"text", "code", "similarity"} for neighbour in found["nearest"])


def test_a_text_is_explained_in_the_terminal(small_model: Path) -> None:
    """Words as they were written, also ones that look like markup, with signed weights."""
    done = codiflux("explain", TEXT, "--model", small_model, "--nearest", 1)
    assert done.returncode == 0, done.stderr
    for shown in ("confidence index", "PLOMBERIE", "every filing", "score", "nearest declarations", "similarity"):
        assert shown in done.stdout
    assert "bold" in done.stdout


def test_the_nearest_may_be_looked_for_in_ones_own_filings(small_model: Path, tmp_path: Path) -> None:
    """A labelled file instead of the starter corpus."""
    own = tmp_path / "own.csv"
    own.write_text("description_activity,code\npose de chauffage,4322B\nboulangerie,1071C\n", encoding="utf-8")
    found = last_object(codiflux("explain", "chauffage", "--model", small_model, "--among", own, "--json"))
    assert [neighbour["text"] for neighbour in found["nearest"]] == ["pose de chauffage", "boulangerie"]


def test_a_text_that_codes_nothing_has_its_reason_and_no_account(small_model: Path) -> None:
    """Returned, and nothing is looked for."""
    found = last_object(codiflux("explain", "idem", "--model", small_model, "--json"))
    assert (found["route"], found["code"], found["explanation"], found["nearest"]) == ("returned", None, [], [])


@pytest.mark.parametrize("branch", ["01.11Z", "A", "01"])
def test_a_class_a_division_and_a_section_show_their_words(small_model: Path, branch: str) -> None:
    """The global view, loudest first."""
    found = last_object(codiflux("explain", "--class", branch, "--model", small_model, "--words", 4, "--json"))
    odds = [word["log_odds"] for word in found["words"]]
    assert len(odds) == 4
    assert odds == sorted(odds, reverse=True)
    done = codiflux("explain", "--class", branch, "--model", small_model)
    assert found["words"][0]["word"] in done.stdout


def test_what_cannot_be_explained_is_refused_in_one_line(small_model: Path, tmp_path: Path) -> None:
    """Neither or both, a wrong value, an unknown class, no model."""
    model = ("--model", small_model)
    assert "either a text" in refusal(codiflux("explain", *model), 2)
    assert "either a text" in refusal(codiflux("explain", "pain", "--class", "A", *model), 2)
    assert "nature" in refusal(codiflux("explain", "pain", "--nature", "abc", *model), 2)
    assert "QQ" in refusal(codiflux("explain", "--class", "QQ", *model), 1)
    assert "codiflux train" in refusal(codiflux("explain", "pain", "--model", tmp_path / "none"), 1)
