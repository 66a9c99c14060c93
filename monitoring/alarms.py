"""When a signal counts as drifted: a state machine for all signals of a panel at once.

quiet ──(detector spoke lately, and a distance stayed beyond its limit)──▶ drifted
drifted ──(every window within its floor for long enough)──▶ quiet
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
NEVER = -(2**40)


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """What makes and ends an alarm.

    Parameters
    ----------
    persist
        Steps in a row beyond the limit, in one and the same window.
    memory
        Steps for which a detector's word counts.
    calm
        Steps in a row within every floor.
    needs_detector, needs_distance
        Both by default; the ablation asks for one alone.
    """

    persist: int
    memory: int
    calm: int
    needs_detector: bool = True
    needs_distance: bool = True


class Alarms:
    """State of every signal of a panel.

    Parameters
    ----------
    windows, signals
        How many.
    """

    def __init__(self, rule: AlarmRule, *, windows: int, signals: int) -> None:
        self._rule = rule
        self.standing: Flags = np.zeros(signals, dtype=bool)
        self.over = np.zeros((windows, signals), dtype=np.int64)
        self.calm = np.zeros(signals, dtype=np.int64)
        self.fired_at = np.full(signals, NEVER, dtype=np.int64)
        self.step = 0

    def update(self, *, beyond: Flags, within: Flags, fired: Flags) -> tuple[Flags, Flags]:
        """One step.

        Parameters
        ----------
        beyond
            Distance over its limit, shape (windows, signals).
        within
            Distance at or under its floor in every window, shape (signals,).
        fired
            A detector spoke, shape (signals,).

        Returns
        -------
        Which signals are detected and which are cleared by this step.
        """
        self.step += 1
        self.over = np.where(beyond, self.over + 1, 0)
        self.fired_at[fired] = self.step
        self.calm = np.where(within, self.calm + 1, 0)
        detected = self._grounds() & ~self.standing
        cleared = self.standing & (self.calm >= self._rule.calm)
        self.standing = (self.standing | detected) & ~cleared
        self.fired_at[cleared] = NEVER
        return detected, cleared

    def nothing_stands(self) -> bool:
        """Whether steps without a word of detector or distance can change nothing but the calm."""
        return self._rule.needs_detector and self._rule.needs_distance and not self.standing.any()

    def pass_calmly(self, within: Flags) -> None:
        """Many steps at once, in which no detector spoke and no distance was beyond its limit.

        Parameters
        ----------
        within
            Distance at or under its floor in every window, shape (steps, signals).
        """
        steps = len(within)
        self.step += steps
        self.over = np.zeros_like(self.over)
        # How many steps at the end were within, without a break.
        run = np.argmin(within[::-1], axis=0)
        self.calm = np.where(within.all(axis=0), self.calm + steps, run)

    def _grounds(self) -> Flags:
        rule = self._rule
        spoke = np.asarray(self.step - self.fired_at <= rule.memory)
        far = np.asarray((self.over >= rule.persist).any(axis=0))
        if not rule.needs_detector:
            return far
        return spoke & far if rule.needs_distance else spoke

    @property
    def suspect(self) -> Flags:
        """Signals of which detector or distance has spoken."""
        spoken = (self.step - self.fired_at <= self._rule.memory) | (self.over > 0).any(axis=0)
        return np.asarray(spoken & ~self.standing)

    def forget(self, signal: int) -> None:
        """A signal as it was at first."""
        self.standing[signal] = False
        self.over[:, signal] = 0
        self.calm[signal] = 0
        self.fired_at[signal] = NEVER

    def state(self) -> dict[str, Any]:
        """For a checkpoint."""
        return {
            "step": self.step,
            "standing": self.standing.tolist(),
            "over": self.over.tolist(),
            "calm": self.calm.tolist(),
            "fired_at": self.fired_at.tolist(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """From a checkpoint."""
        self.step = int(state["step"])
        self.standing = np.array(state["standing"], dtype=bool)
        self.over = np.array(state["over"], dtype=np.int64)
        self.calm = np.array(state["calm"], dtype=np.int64)
        self.fired_at = np.array(state["fired_at"], dtype=np.int64)
