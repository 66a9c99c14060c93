"""The tables of the join's file."""

from __future__ import annotations

VERSION = 1
"""Another version's file is made anew from Kafka."""
SCHEMA = """
CREATE TABLE kept (name TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
CREATE TABLE seen (number INTEGER PRIMARY KEY, ids BLOB);
CREATE TABLE offsets (topic TEXT, partition INTEGER, next INTEGER, PRIMARY KEY (topic, partition)) WITHOUT ROWID;
CREATE TABLE decisions (
    decision_id TEXT PRIMARY KEY, formality_id TEXT, decided_at REAL, lane TEXT, stage TEXT, code TEXT,
    nomenclature TEXT, model_version TEXT, policy_version TEXT, audit INTEGER, labelled INTEGER DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX decisions_of ON decisions (formality_id);
CREATE INDEX decisions_by_age ON decisions (decided_at);
CREATE INDEX reviews_waiting ON decisions (decided_at) WHERE lane = 'review' AND labelled = 0;
CREATE TABLE labels (
    formality_id TEXT, origin TEXT, labelled_at REAL, code TEXT, nomenclature TEXT, decision_id TEXT,
    joined INTEGER DEFAULT 0, PRIMARY KEY (formality_id, origin, labelled_at, code, nomenclature, decision_id)
) WITHOUT ROWID;
CREATE INDEX labels_waiting ON labels (labelled_at) WHERE joined = 0 AND origin <> 'claim';
CREATE INDEX labels_by_age ON labels (labelled_at);
CREATE TABLE judged (
    decision_id TEXT PRIMARY KEY, labelled_at REAL, lane TEXT, stage TEXT, section TEXT, model_version TEXT,
    policy_version TEXT, levels_right INTEGER, levels INTEGER
) WITHOUT ROWID;
CREATE INDEX judged_by_age ON judged (labelled_at);
CREATE TABLE made (
    hour INTEGER, lane TEXT, model_version TEXT, policy_version TEXT, decisions INTEGER, audited INTEGER,
    probability INTEGER, PRIMARY KEY (hour, lane, model_version, policy_version)
) WITHOUT ROWID;
"""
FORGET_SEEN = """
DELETE FROM seen WHERE number IN (
    SELECT number FROM (
        SELECT number, sum(length(ids)) OVER newest - length(ids) AS newer, count(*) OVER newest AS parts
        FROM seen WINDOW newest AS (ORDER BY number DESC)
    ) WHERE newer > ? OR parts > ?
)"""
