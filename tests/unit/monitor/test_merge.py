"""Partitions are merged in the order of time, and nothing waits for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from stream.kafka.merged import GRACE_SECONDS, HOLD_SECONDS, Item, Merge
from stream.monitor.progress import ASK_SECONDS, Progress
from stream.monitor.reading import Reading
from tests.unit.monitor.messages import read_all, small_reader

LATER = GRACE_SECONDS + 0.1
PLACES = [("a", 0), ("a", 1), ("b", 0)]
TOPICS_PLACES = [(topics.REVIEW, 0), (topics.REVIEW, 1), (topics.LABELLED, 0)]


def put(merge: Merge, place: tuple[str, int], *timestamps: int) -> None:
    merge.put(place, [Item(timestamp, *place, offset, b"") for offset, timestamp in enumerate(timestamps)], now=0.0)


@given(st.lists(st.lists(st.integers(0, 50), max_size=20).map(sorted), min_size=3, max_size=3), st.randoms())
def test_however_partitions_are_fetched_the_order_is_the_same(history: list[list[int]], chance: object) -> None:
    """What is handed over in pieces is what sorting everything would give."""
    merge = Merge(PLACES, now=0.0)
    waiting = {
        place: [Item(timestamp, *place, offset, b"") for offset, timestamp in enumerate(timestamps)]
        for place, timestamps in zip(PLACES, history, strict=True)
    }
    whole = sorted(item for items in waiting.values() for item in items)
    taken: list[Item] = []
    while any(waiting.values()):
        place = chance.choice([place for place, items in waiting.items() if items])  # type: ignore[attr-defined]
        merge.put(place, waiting[place][:3], now=0.0)
        del waiting[place][:3]
        if not waiting[place]:
            merge.at_end(place, now=0.0)
        for empty in [place for place, items in waiting.items() if not items]:
            merge.at_end(empty, now=0.0)
        taken += merge.take(now=LATER)
    taken += merge.take(now=LATER)
    # Equal instants may come in two pieces; within the merged stream time never goes back.
    assert [item.timestamp for item in taken] == [item.timestamp for item in whole]
    assert sorted(taken) == whole


@given(st.lists(st.lists(st.integers(0, 50), max_size=20), min_size=3, max_size=3), st.randoms())
def test_the_offset_kept_is_the_next_whatever_the_writers_clocks_and_wherever_a_batch_ends(
    history: list[list[int]], chance: object
) -> None:
    """After any batch all below it is counted and nothing from it on: a restart skips none and counts none twice."""
    merge = Merge(TOPICS_PLACES, now=0.0)
    waiting = {
        place: [Item(timestamp, *place, offset, None) for offset, timestamp in enumerate(timestamps)]
        for place, timestamps in zip(TOPICS_PLACES, history, strict=True)
    }
    counted = dict.fromkeys(TOPICS_PLACES, 0)
    while not merge.ended():
        for place in TOPICS_PLACES:
            if waiting[place] and chance.random() < 0.5:  # type: ignore[attr-defined]
                merge.put(place, waiting[place][:3], now=0.0)
                del waiting[place][:3]
            if not waiting[place]:
                merge.at_end(place, now=0.0)
        # The grace ends a batch anywhere among the timestamps.
        items = merge.take(now=GRACE_SECONDS + chance.random() / 10)  # type: ignore[attr-defined]
        for item in items:
            assert item.offset == counted[item.topic, item.partition]
            counted[item.topic, item.partition] += 1
        assert next_offsets(items) == {item[1:3]: counted[item[1:3]] for item in items}
    assert counted == {place: len(timestamps) for place, timestamps in zip(TOPICS_PLACES, history, strict=True)}


def next_offsets(items: list[Item]) -> dict[tuple[str, int], int]:
    """Where the monitor would go on after a batch."""
    found = Reading()
    read_all(small_reader(), items, found)
    return found.batch.offsets


def test_messages_of_a_partition_keep_their_order_among_those_of_others() -> None:
    """Two writers' clocks differ: offset 1 bears an earlier time than offset 0, and still comes after it."""
    merge = Merge(PLACES, now=0.0)
    put(merge, ("a", 0), 1_000, 990)
    put(merge, ("a", 1), 995)
    merge.at_end(("b", 0), now=0.0)
    taken = merge.take(now=5.0)
    assert [item.timestamp for item in taken] == [995, 1_000, 990]


def test_a_partition_that_has_not_been_heard_of_holds_the_others_back_for_a_moment_only() -> None:
    """A broker that is away must not stop the others' partitions."""
    merge = Merge(PLACES, now=0.0)
    put(merge, ("a", 0), 1, 2)
    assert merge.take(now=LATER) == []
    merge.at_end(("a", 0), now=HOLD_SECONDS)
    assert [item.timestamp for item in merge.take(now=HOLD_SECONDS + 0.1)] == [1, 2]


def test_an_empty_topic_is_at_its_end() -> None:
    """Nothing to read is no reason to wait."""
    merge = Merge(PLACES, now=0.0)
    for place in PLACES:
        merge.at_end(place, now=0.0)
    assert merge.ended()
    put(merge, ("a", 0), 5)
    assert not merge.ended()
    merge.at_end(("a", 0), now=0.0)
    assert merge.take(now=0.5) == []
    assert len(merge.take(now=LATER)) == 1
    assert merge.ended()


def test_a_partition_far_ahead_is_fetched_no_further() -> None:
    """Memory stays bounded while one partition is days behind another."""
    merge = Merge(PLACES, now=0.0)
    put(merge, ("a", 0), *range(10, 14_000))
    put(merge, ("a", 1), 1)
    assert merge.ahead() == {("a", 0)}


def test_a_broker_that_is_away_makes_the_monitor_not_live_until_it_answers_again() -> None:
    """Silence is progress only while the broker says that there is nothing."""
    there = True
    progress = Progress(30.0, now=0.0, wall=1_000.0)
    for second in range(0, 60, 3):
        progress.turn(float(second), 1_000.0 + second, read=False, at_end=True, answers=lambda: there)
    assert progress.live(60.0)
    assert progress.moved_at >= 1_060.0 - ASK_SECONDS - 3
    there = False
    for second in range(60, 120, 3):
        progress.turn(float(second), 1_000.0 + second, read=False, at_end=True, answers=lambda: there)
    assert not progress.live(120.0)
    progress.turn(121.0, 1_121.0, read=True, at_end=False, answers=lambda: there)
    assert progress.live(122.0)


def test_what_was_written_before_and_comes_a_little_later_is_put_before() -> None:
    """Two partitions are fetched one after the other: the order is that of writing, whatever the clocks."""
    merge = Merge(PLACES, now=100.0)
    for place in PLACES:
        merge.at_end(place, now=100.0)
    merge.put(("b", 0), [Item(5_000, "b", 0, 0, b"")], now=100.0)
    merge.at_end(("b", 0), now=0.0)
    assert merge.take(now=100.5) == []
    merge.put(("a", 0), [Item(4_999, "a", 0, 0, b"")], now=100.5)
    merge.at_end(("a", 0), now=0.0)
    assert [item.timestamp for item in merge.take(now=100.0 + LATER)] == [4_999, 5_000]
