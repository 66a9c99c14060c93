"""The state machine, step by step."""

from __future__ import annotations

import numpy as np

from monitoring.alarms import AlarmRule, Alarms

RULE = AlarmRule(persist=3, memory=5, calm=2)
YES, NO = np.array([True]), np.array([False])


def step(alarms: Alarms, *, beyond: bool = False, fired: bool = False, within: bool | None = None) -> tuple[bool, bool]:
    calm = np.array([not beyond if within is None else within])
    detected, cleared = alarms.update(beyond=np.array([[beyond]]), within=calm, fired=np.array([fired]))
    return bool(detected[0]), bool(cleared[0])


def one(rule: AlarmRule = RULE) -> Alarms:
    return Alarms(rule, windows=1, signals=1)


def test_detector_and_distance_must_both_have_spoken() -> None:
    """Either alone leaves a signal suspect."""
    far, heard = one(), one()
    assert [step(far, beyond=True)[0] for _ in range(9)] == [False] * 9
    assert [step(heard, fired=True)[0] for _ in range(9)] == [False] * 9
    assert far.suspect[0]
    assert heard.suspect[0]


def test_the_distance_must_stay_for_as_many_steps_as_the_rule_says() -> None:
    """Two steps and a step back start the count again."""
    alarms = one()
    course = [True, True, False, True, True, True, True]
    assert [step(alarms, beyond=far, fired=True)[0] for far in course] == [False] * 5 + [True, False]


def test_a_detectors_word_is_forgotten_after_a_while() -> None:
    """Six steps later it no longer counts, five steps later it does."""
    late, timely = one(), one()
    step(late, fired=True)
    step(timely, fired=True)
    for _ in range(3):
        step(late)
    for _ in range(2):
        step(timely)
    assert [step(late, beyond=True)[0] for _ in range(3)] == [False, False, False]
    assert [step(timely, beyond=True)[0] for _ in range(3)] == [False, False, True]


def test_the_all_clear_needs_calm_in_a_row_and_comes_once() -> None:
    """Within the floor, not only under the limit."""
    alarms = one()
    for _ in range(3):
        step(alarms, beyond=True, fired=True)
    assert alarms.standing[0]
    course = [False, True, False, True, True, True]
    assert [step(alarms, within=calm)[1] for calm in course] == [False] * 4 + [True, False]
    assert not alarms.standing[0]


def test_windows_are_counted_apart() -> None:
    """Three steps in different windows are not three in one."""
    alarms = Alarms(RULE, windows=2, signals=1)
    for n in range(6):
        beyond = np.array([[n % 2 == 0], [n % 2 == 1]])
        detected, _ = alarms.update(beyond=beyond, within=NO, fired=YES)
        assert not detected[0]


def test_one_alone_can_be_asked_for() -> None:
    """What the ablation compares."""
    distance = one(AlarmRule(persist=2, memory=5, calm=2, needs_detector=False))
    detector = one(AlarmRule(persist=2, memory=5, calm=2, needs_distance=False))
    assert [step(distance, beyond=True)[0] for _ in range(2)] == [False, True]
    assert step(detector, fired=True)[0]


def test_calm_steps_at_once_are_calm_steps_one_by_one() -> None:
    """Whatever was before, and whatever comes after."""
    chance = np.random.default_rng(1)
    for _ in range(30):
        single, many = (Alarms(RULE, windows=2, signals=3) for _ in range(2))
        before = chance.random((4, 3)) < 0.5
        for alarms in (single, many):
            for fired in before:
                alarms.update(beyond=np.zeros((2, 3), dtype=bool), within=~fired, fired=fired)
        within = chance.random((chance.integers(1, 9), 3)) < 0.8
        for row in within:
            single.update(beyond=np.zeros((2, 3), dtype=bool), within=row, fired=np.zeros(3, dtype=bool))
        assert many.nothing_stands()
        many.pass_calmly(within)
        assert many.state() == single.state()
        assert many.suspect.tolist() == single.suspect.tolist()
