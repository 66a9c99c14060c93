"""Labels and the decisions they judge, joined on disk.

Labels come weeks late, and now and then before their decision. Both sides are kept in one SQLite
file, and what a few seconds bring is one transaction together with the offsets it came from and
the monitor's windows: killed at any moment, the file says exactly what it has read. It is no source
of truth: deleted, it is made anew from Kafka (docs/adr/0009-monitor-state.md).

For each filing the pairs are worked out anew whenever a decision or a label of it arrives, from all
that is known of it, so that the order of arrival does not matter.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from monitoring.judged import Judged, Made, MadeCount, hour_of, judges, levels_right
from stream.errors import UsageError
from stream.monitor.join_tables import FORGET_SEEN, SCHEMA, VERSION
from stream.monitor.rows import Batch, DecisionRow, Joined, JoinSizes, LabelRow, PathOf

CHUNK = 500
"""Values of one IN (...): SQLite's own limit is higher."""
SEEN_PARTS, SEEN_BYTES = 5_000, 2_000_000
"""Most parts (one a commit) and bytes of counted ids that are kept; whoever remembers them keeps fewer."""
_DECISION = ", ".join(DecisionRow._fields)
_LABEL = ", ".join(LabelRow._fields)
_JUDGED = "labelled_at, lane, stage, section, model_version, policy_version, levels_right, levels"


class Join:
    """The join's file; one process at a time.

    Parameters
    ----------
    path
        The file; its folder must be there. `None` keeps the join in a temporary file that ends with
        the process.
    path_of
        Where a code stands in the nomenclature.

    Raises
    ------
    UsageError
        Another process holds the file, or it is no such file.
    """

    def __init__(self, path: Path | None, path_of: PathOf) -> None:
        self._path_of = path_of
        self._name = "the join of labels" if path is None else str(path)
        try:
            # An empty name is SQLite's own temporary file: on disk, gone when closed.
            self._db = sqlite3.connect("" if path is None else path, timeout=1.0, isolation_level=None)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA cache_size = -8192")
            if self._db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                self.clear()
            self._decisions = int(self._one("SELECT count(*) FROM decisions")[0])
        except sqlite3.Error as error:
            raise UsageError(
                f"CODIFLUX_MONITOR_STATE: {self._name}: {error}; is another monitor at work on it?"
                " A damaged file may be deleted: it is made anew from Kafka"
            ) from error

    def clear(self) -> None:
        """Forget everything: it will be read from Kafka again."""
        for (name,) in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            self._db.execute(f"DROP TABLE {name}")
        self._db.executescript(f"{SCHEMA} PRAGMA user_version = {VERSION};")
        self._decisions = 0

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def offsets(self) -> dict[tuple[str, int], int]:
        """Where reading goes on: (topic, partition) -> the next offset."""
        return {(topic, partition): next_ for topic, partition, next_ in self._db.execute("SELECT * FROM offsets")}

    def judged(self) -> Iterator[Judged]:
        """Every judged decision kept, in the order of its label."""
        rows = self._db.execute(f"SELECT {_JUDGED} FROM judged ORDER BY labelled_at, decision_id")
        return (Judged(*row) for row in rows)

    def made(self) -> Iterator[tuple[Made, MadeCount]]:
        """How many decisions were made, by hour, lane and versions."""
        return ((Made(*row[:4]), MadeCount(*row[4:])) for row in self._db.execute("SELECT * FROM made"))

    def apply(self, batch: Batch) -> Joined:
        """Take in a batch; it is kept from the next `commit` on."""
        self._begin()
        return self._apply(batch)

    def commit(self, kept: Mapping[str, bytes], seen: bytes) -> None:
        """Keep everything applied since the last time, with whatever else must agree with it.

        Parameters
        ----------
        kept
            Name -> what is remembered under it in place of what was.
        seen
            Added to what `seen` gives; the oldest is forgotten in time.
        """
        self._begin()
        self._db.executemany("INSERT OR REPLACE INTO kept VALUES (?,?)", list(kept.items()))
        if seen:
            self._db.execute("INSERT INTO seen (ids) VALUES (?)", (seen,))
            self._db.execute(FORGET_SEEN, (SEEN_BYTES, SEEN_PARTS))
        self._db.execute("COMMIT")

    def _begin(self) -> None:
        if not self._db.in_transaction:
            self._db.execute("BEGIN IMMEDIATE")

    def kept(self, name: str) -> bytes | None:
        """What the last commit remembered under a name."""
        row = self._db.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def seen(self) -> Iterator[bytes]:
        """The ids of decisions counted, oldest first."""
        return (bytes(row[0]) for row in self._db.execute("SELECT ids FROM seen ORDER BY number"))

    def _apply(self, batch: Batch) -> Joined:
        inserted = self._db.executemany(
            f"INSERT OR IGNORE INTO decisions ({_DECISION}) VALUES (?,?,?,?,?,?,?,?,?,?)", batch.decisions
        )
        self._decisions += max(0, inserted.rowcount)
        self._db.executemany(f"INSERT OR IGNORE INTO labels ({_LABEL}) VALUES (?,?,?,?,?,?)", batch.labels)
        self._db.executemany(
            "INSERT INTO made VALUES (?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET"
            " decisions = decisions + excluded.decisions, audited = audited + excluded.audited,"
            " probability = probability + excluded.probability",
            [(*key, count.decisions, count.audited, count.probability) for key, count in batch.made.items()],
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO offsets VALUES (?,?,?)", [(*place, next_) for place, next_ in batch.offsets.items()]
        )
        touched = {label.formality_id for label in batch.labels}
        touched |= self._with_labels({decision.formality_id for decision in batch.decisions} - touched)
        joined = Joined()
        for formality_id in sorted(touched):
            self._resolve(formality_id, joined)
        return joined

    def _with_labels(self, formality_ids: Iterable[str]) -> set[str]:
        """Those of the filings that a label waits for."""
        found: set[str] = set()
        for chunk in _chunks(sorted(formality_ids)):
            marks = ",".join("?" * len(chunk))
            rows = self._db.execute(f"SELECT formality_id FROM labels WHERE formality_id IN ({marks})", chunk)
            found.update(row[0] for row in rows)
        return found

    def _resolve(self, formality_id: str, joined: Joined) -> None:
        """Work out the pairs of one filing anew."""
        rows = self._db.execute(f"SELECT {_DECISION} FROM decisions WHERE formality_id = ?", (formality_id,))
        decisions = sorted(map(DecisionRow._make, rows), key=lambda row: (row.decided_at, row.decision_id))
        if not decisions:
            return
        labels = self._db.execute(
            f"SELECT {_LABEL}, joined FROM labels WHERE formality_id = ? ORDER BY labelled_at, origin, code",
            (formality_id,),
        ).fetchall()
        judging: dict[str, LabelRow] = {}
        for *values, already in labels:
            label = LabelRow._make(values)
            decision = _meant(label, decisions)
            if decision is None:
                continue
            self._db.execute("UPDATE decisions SET labelled = 1 WHERE decision_id = ?", (decision.decision_id,))
            if not already:
                self._meet(decision, label, joined)
            if judges(lane=decision.lane, audit=decision.audit, origin=label.origin):
                judging[decision.decision_id] = label
        for decision in decisions:
            self._judge(decision, judging.get(decision.decision_id), joined)

    def _meet(self, decision: DecisionRow, label: LabelRow, joined: Joined) -> None:
        self._db.execute(
            "UPDATE labels SET joined = 1 WHERE formality_id = ? AND origin = ? AND labelled_at = ? AND code = ?"
            " AND nomenclature = ? AND decision_id = ?",
            label,
        )
        joined.origins.append(label.origin)
        joined.delays.append(max(0.0, label.labelled_at - decision.decided_at))

    def _judge(self, decision: DecisionRow, judging: LabelRow | None, joined: Joined) -> None:
        key = (decision.decision_id,)
        row = self._db.execute(f"SELECT {_JUDGED} FROM judged WHERE decision_id = ?", key).fetchone()
        before = None if row is None else Judged(*row)
        found = None if judging is None else self._judgement(decision, judging)
        if judging is not None and found is None:
            joined.unknown_codes += 1
        if found == before:
            return
        if before is not None:
            joined.replaced.append(before)
            self._db.execute("DELETE FROM judged WHERE decision_id = ?", key)
        if found is not None:
            joined.added.append(found)
            values = [getattr(found, name) for name in _JUDGED.split(", ")]
            self._db.execute(f"INSERT INTO judged (decision_id, {_JUDGED}) VALUES (?,?,?,?,?,?,?,?,?)", (*key, *values))

    def _judgement(self, decision: DecisionRow, label: LabelRow) -> Judged | None:
        """`None` where the codes cannot be compared."""
        decided = self._path_of(decision.nomenclature, decision.code)
        labelled = self._path_of(label.nomenclature, label.code) if label.code else None
        if decided is None or (label.code and labelled is None) or label.nomenclature != decision.nomenclature:
            return None
        return Judged(
            labelled_at=label.labelled_at,
            lane=decision.lane,
            stage=decision.stage,
            section=decided[0] if len(decided) > 1 else "",
            model_version=decision.model_version,
            policy_version=decision.policy_version,
            levels_right=levels_right(decided, labelled),
            levels=len(decided),
        )

    def prune(self, *, decided_before: float, judged_before: float) -> None:
        """Forget decisions and labels beyond their age, in seconds since the epoch."""
        self._begin()
        gone = self._db.execute("DELETE FROM decisions WHERE decided_at < ?", (decided_before,))
        self._decisions -= max(0, gone.rowcount)
        self._db.execute("DELETE FROM labels WHERE labelled_at < ?", (decided_before,))
        self._db.execute("DELETE FROM judged WHERE labelled_at < ?", (judged_before,))
        self._db.execute("DELETE FROM made WHERE hour < ?", (hour_of(judged_before),))

    def sizes(self) -> JoinSizes:
        """How much is kept, and what waits."""
        waiting = self._one("SELECT count(*) FROM labels WHERE joined = 0 AND origin <> 'claim'")[0]
        queue, oldest = self._one(
            "SELECT count(*), min(decided_at) FROM decisions WHERE lane = 'review' AND labelled = 0"
        )
        pages, page, free = (self._one(f"PRAGMA {name}")[0] for name in ("page_count", "page_size", "freelist_count"))
        return JoinSizes(self._decisions, waiting, queue, oldest or 0.0, (pages - free) * page)

    def _one(self, query: str) -> Sequence[int]:
        found: Sequence[int] = self._db.execute(query).fetchone()
        return found


def _meant(label: LabelRow, decisions: Sequence[DecisionRow]) -> DecisionRow | None:
    """The decision a label is about: the one it names, else the last before it, else the first."""
    if label.decision_id:
        return next((row for row in decisions if row.decision_id == label.decision_id), None)
    before = [row for row in decisions if row.decided_at <= label.labelled_at]
    return before[-1] if before else decisions[0]


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))
