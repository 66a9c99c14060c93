"""The variables of a filing as the model sees them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest

from models.features import VARIABLES, Variable, token, variables
from schemas.formality import Formality, surface_class


@pytest.mark.parametrize(
    ("square_metres", "expected"),
    [
        ("119.99", "1"),
        ("119,99 m²", "1"),
        (119.99, "1"),
        (120, "2"),
        ("120", "2"),
        ("399", "2"),
        ("399.99", "2"),
        ("400", "3"),
        (400.0, "3"),
        ("2499", "3"),
        ("2 499,9 m2", "3"),
        ("2500", "4"),
        (3000, "4"),
        ("3 000 m2", "4"),
        ("3000", "4"),
        ("5", "1"),
        ("0", "1"),
    ],
)
def test_square_metres_fall_into_their_class_at_every_boundary(square_metres: object, expected: str) -> None:
    """Under 120, 120 to 399, 400 to 2,499, and from 2,500: a shop of 3,000 m2 is class 4, not missing."""
    assert surface_class(square_metres) == expected


@pytest.mark.parametrize(("written", "expected"), [("1", "1"), (4, "4"), ("4.0", "4"), (3.0, "3"), ("2 m2", "1")])
def test_a_bare_class_stays_itself(written: object, expected: str) -> None:
    """Numbers 1 to 4 are classes; with a unit they are square metres."""
    assert surface_class(written) == expected


@pytest.mark.parametrize("marker", [None, "", " ", "NA", "NAN", "nan", "NaN", "None", float("nan")])
def test_a_missing_surface_is_missing(marker: object) -> None:
    """Every missing marker."""
    assert surface_class(marker) is None


def test_every_value_of_every_variable_has_a_token_of_its_own() -> None:
    """No two values share a character, so that no sub-word is shared either."""
    digits = [f"{number:02d}" for number in range(100)]
    values = {
        "nature": digits,
        "type_form": [chr(code) for code in range(ord("A"), ord("Z") + 1)],
        "event": [f"{number}{kind}" for number in digits for kind in "PMF"],
        "surface": list("1234"),
        "cj_family": digits,
        "permanence": list("PS"),
    }
    tokens = {name: [token(Variable(name, value)) for value in (None, *listed)] for name, listed in values.items()}

    assert set(tokens) == set(VARIABLES)
    for listed in tokens.values():
        assert len(set(listed)) == len(listed)
        assert all(len(sign) == 1 and 0xE000 <= ord(sign) <= 0xF8FF for sign in listed)
    assert all(not set(one) & set(other) for one, other in combinations(tokens.values(), 2))


def test_the_legal_form_counts_by_its_family(filing: Callable[..., Formality]) -> None:
    """5710 and 5720 are companies of one family."""
    assert variables(filing(cj="5710")) == variables(filing(cj="5720"))
    assert variables(filing(cj="5710")) != variables(filing(cj="6540"))
