"""What models and policies are called in the report: M1, P2, and their thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stream.replay.report.words import Said, plain, say, significant
from stream.replay.summary import Summary


@dataclass(frozen=True)
class Names:
    """Names by number.

    Parameters
    ----------
    models
        "M1 old-model".
    variants
        "M1 · P2 (threshold 0.8)".
    """

    models: Mapping[int, Said]
    variants: Mapping[tuple[int, int], Said]

    @classmethod
    def of(cls, summary: Summary) -> Names:
        """The names of a run."""
        models = {model.number: plain(f"M{model.number} {model.name}".strip()) for model in summary.models}
        variants = {
            (model.number, policy.number): say(
                "{name} (seuil {t})",
                "{name} (threshold {t})",
                name=f"M{model.number} · P{policy.number}",
                t=significant(policy.policy.threshold),
            )
            for model in summary.models
            for policy in summary.policies
        }
        return cls(models, variants)

    def short_model(self, number: int) -> Said:
        """M1."""
        return plain(f"M{number}")
