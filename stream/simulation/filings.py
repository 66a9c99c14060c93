"""The generator: an endless, seeded stream of simulated messages."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

from models.starter.declarations import Declaration, variables
from schemas.headers import TRACEPARENT, Headers
from stream.errors import UsageError
from stream.simulation import shapes
from stream.simulation.malformed import SMALL_KINDS, Kind, spoiled
from stream.simulation.mix import Mix, class_weights
from stream.simulation.wording import UNCODABLE, slipped, unaccented

VARIANTS = 4
"""Sets of categorical fields a declaration is filed with: the same words from several people."""
SEPARATORS = (", ", " ; ", " et ", " - ", "\n")
Clock = Callable[[int], datetime]


@dataclass(frozen=True, slots=True)
class Shares:
    """How often what happens, each 0 to 1.

    Parameters
    ----------
    malformed
        Of all messages.
    oversize
        Of the malformed; each is a megabyte, and the embedded broker holds five a partition.
    uncodable
        Of the well-formed: "idem", "voir kbis".
    typos
        Of the codable: one slip of the finger.
    repeats
        Of the codable: one declaration of the corpus, which others have filed too. The rest lists two
        of its class, and so is rarely seen twice. 0.6 gives the repetition of real filings: two in
        three of the model's input lines were among the 50,000 before.
    unaccented
        Of the codable: typed without accents.
    insee_body, one_stop_counter
        Of the well-formed: the message's shape; the rest is our own Formality.
    """

    malformed: float = 0.01
    oversize: float = 0.01
    uncodable: float = 0.02
    typos: float = 0.08
    repeats: float = 0.9
    unaccented: float = 0.25
    insee_body: float = 0.15
    one_stop_counter: float = 0.25

    def __post_init__(self) -> None:
        for field in fields(self):
            if not 0.0 <= getattr(self, field.name) <= 1.0:
                raise UsageError(f"share of {field.name}: {getattr(self, field.name)} is not from 0 to 1")
        if self.insee_body + self.one_stop_counter > 1.0:
            raise UsageError("the shares of insee_body and one_stop_counter add up to more than 1")


@dataclass(frozen=True, slots=True)
class SimulatedMessage:
    """A message for formality.received, and what it is."""

    key: bytes
    value: bytes
    headers: Headers
    kind: Kind


def wall_clock(position: int) -> datetime:
    """Now, whatever the position."""
    return datetime.now(UTC)


def regular_clock(start: datetime, interval: timedelta) -> Clock:
    """Message n at `start + n * interval`: the same bytes in every run."""
    return lambda position: start + position * interval


def filings(
    seed: int, shares: Shares, declarations: Sequence[Declaration], *, clock: Clock = wall_clock
) -> Iterator[SimulatedMessage]:
    """Endless messages; the same seed, shares, declarations and clock give the same bytes.

    Ids are "sim-SEED-NUMBER": two runs with one seed file the same formalities again.

    Parameters
    ----------
    declarations
        What is drawn from: the starter corpus, or texts no model was trained on.
    clock
        received_at of the n-th message; nothing else depends on it.
    """
    chance = random.Random(f"codiflux:{seed}")
    writer = _Writer(chance, shares, Mix(declarations, class_weights()))
    position = 0
    while True:
        yield writer.message(f"sim-{seed}-{position:08d}", clock(position).isoformat())
        position += 1


class _Writer:
    """Draws one message after the other.

    Categorical fields are drawn once for each variant of a declaration and then remembered: drawing
    them anew would take most of the time.
    """

    def __init__(self, chance: random.Random, shares: Shares, mix: Mix) -> None:
        self._chance = chance
        self._shares = shares
        self._mix = mix
        self._variants: dict[tuple[int, int], dict[str, str | None]] = {}

    def message(self, identity: str, received_at: str) -> SimulatedMessage:
        chance, shares = self._chance, self._shares
        bits = f"{chance.getrandbits(192):048x}"
        headers: Headers = [(TRACEPARENT, f"00-{bits[:32]}-{bits[32:]}-01".encode())]
        declaration, of_its_class = self._mix.draw(chance)
        if chance.random() < shares.malformed:
            kind = self._malformed_kind()
            value = spoiled(kind, identity, received_at, declaration.text)
        elif chance.random() < shares.uncodable:
            kind = Kind.UNCODABLE
            text = UNCODABLE[int(chance.random() * len(UNCODABLE))]
            value = self._shaped(identity, received_at, text, declaration)
        else:
            kind = Kind.CODABLE
            value = self._shaped(identity, received_at, self._written(declaration, of_its_class), declaration)
        return SimulatedMessage(identity.encode(), value, headers, kind)

    def _malformed_kind(self) -> Kind:
        if self._chance.random() < self._shares.oversize:
            return Kind.OVERSIZE
        return SMALL_KINDS[int(self._chance.random() * len(SMALL_KINDS))]

    def _written(self, declaration: Declaration, of_its_class: Sequence[Declaration]) -> str:
        chance, shares, text = self._chance, self._shares, declaration.text
        if chance.random() >= shares.repeats:
            second = of_its_class[int(chance.random() * len(of_its_class))]
            text += SEPARATORS[int(chance.random() * len(SEPARATORS))] + second.text
        if chance.random() < shares.unaccented and not text.isascii():
            text = unaccented(text)
        if chance.random() < shares.typos:
            text = slipped(text, chance)
        return text

    def _shaped(self, identity: str, received_at: str, text: str, declaration: Declaration) -> bytes:
        drawn = self._chance.random()
        variant = self._variant(declaration)
        if drawn < self._shares.one_stop_counter:
            return shapes.one_stop_counter(identity, received_at, text, variant)
        if drawn < self._shares.one_stop_counter + self._shares.insee_body:
            return shapes.insee_body(identity, received_at, text, variant)
        return shapes.formality(identity, received_at, text, variant)

    def _variant(self, declaration: Declaration) -> dict[str, str | None]:
        # The cube: most people who write the same words are alike (0.63, 0.16, 0.12, 0.09).
        place = (id(declaration), int(self._chance.random() ** 3 * VARIANTS))
        known = self._variants.get(place)
        if known is None:
            known = self._variants[place] = variables(declaration, self._chance)
        return known
