"""The simulator's generator: the same bytes for a seed, and the mix that was asked for."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from models.nomenclature import load
from models.rejection import rejection
from models.starter.declarations import Declaration
from schemas.codec import MAX_MESSAGE_BYTES, decode_formalities
from schemas.errors import UnreadableMessage
from stream.errors import UsageError
from stream.simulation.filings import Shares, SimulatedMessage, filings, regular_clock
from stream.simulation.malformed import DEAD_LETTER_OF, Kind, spoiled
from stream.simulation.mix import Mix, class_weights
from stream.simulation.wording import UNCODABLE, slipped

START = datetime(2026, 1, 2, tzinfo=UTC)
CLOCK = regular_clock(START, timedelta(milliseconds=20))
NOW = datetime(2026, 3, 4, tzinfo=UTC)
PROFILE = {"type_form": {"C": 3, "M": 2, "-": 1}, "nature": {"10": 1, "-": 1}, "person": {"P": 1, "M": 1}}
LINES = [
    Declaration(text, (code, code), PROFILE, {})
    for code, texts in {
        "6820B": ("location de logements nus", "SCI familiale", "gestion immobilière"),
        "5610C": ("restauration rapide", "vente de pizzas à emporter"),
        "0112Z": ("culture du riz",),
    }.items()
    for text in texts
]


def messages(number: int, *, seed: int = 1, **shares: float) -> list[SimulatedMessage]:
    return list(islice(filings(seed, Shares(**shares), LINES, clock=CLOCK), number))


def test_a_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    """Keys, values, headers and received_at are all reproducible."""
    assert messages(500) == messages(500)
    assert [m.value for m in messages(50)] != [m.value for m in messages(50, seed=2)]


def test_the_clock_changes_received_at_and_nothing_else() -> None:
    """What is drawn does not depend on when."""
    later = islice(filings(1, Shares(), LINES, clock=regular_clock(START.replace(year=2027), timedelta(0))), 200)
    for one, other in zip(messages(200), later, strict=True):
        assert (one.key, one.kind, one.headers) == (other.key, other.kind, other.headers)


def test_the_shares_are_kept() -> None:
    """Kinds and shapes come as often as asked, within sampling error of 10,000 draws."""
    found = messages(10_000, malformed=0.1, oversize=0.0, uncodable=0.2, insee_body=0.3, one_stop_counter=0.5)
    kinds = Counter(m.kind for m in found)
    malformed = sum(kinds[kind] for kind in DEAD_LETTER_OF)
    assert malformed / 10_000 == pytest.approx(0.1, abs=0.015)
    assert kinds[Kind.UNCODABLE] / (10_000 - malformed) == pytest.approx(0.2, abs=0.02)
    whole = [m.value for m in found if m.kind not in DEAD_LETTER_OF]
    assert sum(b'"forms"' in v for v in whole) / len(whole) == pytest.approx(0.3, abs=0.02)
    assert sum(b'"formality":{' in v for v in whole) / len(whole) == pytest.approx(0.5, abs=0.02)
    assert {m.kind for m in messages(2_000, malformed=0.0, uncodable=0.0)} == {Kind.CODABLE}


def test_every_well_formed_message_is_one_filing_of_its_own() -> None:
    """All shapes are read by the codec; ids are those of the keys and none is used twice."""
    seen = set()
    for message in messages(3_000, malformed=0.0):
        [filing] = decode_formalities(message.value, key=message.key, timestamp=NOW)
        assert filing.formality_id.startswith(message.key.decode())
        assert [name for name, _ in message.headers] == ["traceparent"]
        assert len(message.headers[0][1]) == 55
        seen.add(filing.formality_id)
    assert len(seen) == 3_000


@pytest.mark.parametrize("kind", DEAD_LETTER_OF)
def test_a_malformed_message_ends_in_the_dead_letters_for_its_own_reason(kind: Kind) -> None:
    """Each kind is wrong in one way, the one its name says."""
    value = spoiled(kind, "sim-1-0", START.isoformat(), "café, thé")
    with pytest.raises(UnreadableMessage) as error:
        decode_formalities(value, key=b"sim-1-0", timestamp=NOW)
    assert error.value.reason is DEAD_LETTER_OF[kind]
    assert (len(value) > MAX_MESSAGE_BYTES) == (kind is Kind.OVERSIZE)


@pytest.mark.parametrize("text", UNCODABLE)
def test_an_uncodable_text_is_rejected_by_the_cascade(text: str) -> None:
    """What the simulator calls uncodable is what the worker returns."""
    assert rejection(text) is not None


def test_classes_and_texts_are_drawn_by_their_weight() -> None:
    """A class by its frequency, a text by one over its rank, short ones first."""
    mix, chance = Mix(LINES, {"6820B": 3, "5610C": 1}), random.Random(5)
    texts = Counter(mix.draw(chance)[0].text for _ in range(20_000))
    assert texts["culture du riz"] == 0
    housing = texts["SCI familiale"] + texts["gestion immobilière"] + texts["location de logements nus"]
    assert housing / 20_000 == pytest.approx(0.75, abs=0.02)
    assert texts["SCI familiale"] / housing == pytest.approx(6 / 11, abs=0.02)
    assert texts["location de logements nus"] / housing == pytest.approx(2 / 11, abs=0.02)


def test_class_weights_cover_the_nomenclature() -> None:
    """Each of the 732 sub-classes has a weight, so that none is never simulated."""
    weights = class_weights()
    assert set(weights) == {code.replace(".", "") for code in load("naf-rev2").codes}
    assert min(weights.values()) >= 1
    assert sum(weights.values()) == pytest.approx(1_000_000, rel=0.001)


def test_a_slip_changes_the_text_and_leaves_words() -> None:
    """Always another text, never an empty one; too short a text stays."""
    chance = random.Random(3)
    for _ in range(500):
        for text in ("plomberie", "thé", "aaa", "a b c"):
            slip = slipped(text, chance)
            assert slip != text
            assert slip.strip()
    assert slipped("ok", chance) == "ok"


def test_repeats_fall_with_their_share() -> None:
    """With none, texts are lists of two declarations; with all, the corpus's own words."""
    alone = messages(300, malformed=0.0, uncodable=0.0, typos=0.0, unaccented=0.0, repeats=1.0)
    texts = {decode_formalities(m.value, key=m.key, timestamp=NOW)[0].description_activity for m in alone}
    assert texts <= {line.text for line in LINES}


def test_shares_that_cannot_be_are_refused() -> None:
    """A share beyond 1, or shapes that add up to more than all, is a usage error."""
    with pytest.raises(UsageError, match="malformed"):
        Shares(malformed=1.5)
    with pytest.raises(UsageError, match="add up"):
        Shares(insee_body=0.6, one_stop_counter=0.6)
