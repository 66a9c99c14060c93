"""Quality and workload: how much is coded without a human, how well, and what the rest costs."""

from __future__ import annotations

from infra.grafana.make_dashboards import panels as p
from infra.grafana.make_dashboards import variables as v
from infra.grafana.make_dashboards.asking import held, most, pace
from infra.grafana.make_dashboards.house import Row, assemble
from infra.grafana.make_dashboards.panels import AMBER, GREEN, RED, Query
from infra.grafana.make_dashboards.queries import (
    IN_PERIOD,
    IN_SPAN,
    OF_MODEL,
    OF_SECTION,
    highest,
    rate,
    select,
    some,
    total,
)
from monitoring import catalogue as c
from monitoring.catalogue import MetricSpec

LEVEL = 'level="$level"'
JUDGED = (OF_MODEL, IN_PERIOD, LEVEL)
AUTO = 'lane="auto"'
IN_REVIEW = 'route="review"'
HOURS_A_FILING = "$review_minutes / 60"
A_DAY = 86_400


def by_lane(spec: MetricSpec, *matchers: str) -> str:
    """One value a lane and model."""
    return highest(select(spec, *JUDGED, *matchers), "lane", "model_version")


def now() -> Row:
    """What to look at first."""
    autos, all_routes = (total(rate(c.FILINGS, 'route="auto"')), some(rate(c.FILINGS)))
    oldest = f"time() - ({highest(select(c.REVIEW_OLDEST))} > 0)"
    return Row(
        "Now",
        [
            p.figure(
                "Coded without a human",
                "Share of the filings of the last minutes.",
                "percentunit",
                Query(f"{autos} / {all_routes}"),
            ),
            p.figure(
                "Auto lane is right",
                "Estimated from the audit's labels, weighted to stand for the whole lane. The target is 95 %.",
                "percentunit",
                most(c.ACCURACY, *JUDGED, AUTO),
                steps=((None, RED), (0.93, AMBER), (0.95, GREEN)),
                options={"none": "no labels yet", "decimals": 1},
            ),
            p.figure(
                "Expected to be right",
                "What the model's own probabilities say about its auto codes, without labels.",
                "percentunit",
                most(c.EXPECTED_ACCURACY, OF_MODEL, IN_PERIOD, AUTO),
                steps=((None, RED), (0.93, AMBER), (0.95, GREEN)),
                options={"decimals": 1},
            ),
            p.figure(
                "Waiting for a human",
                "Decisions for review that have no label yet.",
                "short",
                most(c.REVIEW_QUEUE),
            ),
            p.figure(
                "Longest wait",
                "Of the oldest decision for review without a label.",
                "s",
                Query(oldest),
                steps=((None, GREEN), (7 * A_DAY, AMBER)),
                options={"none": "nobody waits"},
            ),
            p.figure(
                "Hours of review a day",
                "Filings sent to review at the pace of the last minutes, at the minutes a filing chosen above.",
                "h",
                Query(f"{total(rate(c.FILINGS, IN_REVIEW))} * {A_DAY} * {HOURS_A_FILING}"),
            ),
        ],
    )


def automation() -> Row:
    """How much is coded without a human, and what it would be."""
    asked = highest(select(c.POLICY_THRESHOLD))
    return Row(
        "Automation",
        [
            p.lines(
                "Share of each route",
                "Of the decisions in the window.",
                "percentunit",
                most(c.ROUTE_SHARE, IN_SPAN, by="route"),
                options={"max": 1},
            ),
            p.bars(
                "Auto share at other thresholds",
                "What the window's decisions would be, by confidence index asked for; segments apart.",
                "percentunit",
                most(c.AUTO_SHARE_AT, IN_SPAN, by="threshold", legend="auto share"),
                by="threshold",
            ),
            p.lines(
                "Auto share against its week",
                "Over an hour; the band is the last week's mean, three deviations or five points either way. Beyond "
                "it an alert fires.",
                "percentunit",
                Query(select("job:codiflux_filings_auto:ratio_rate1h"), "last hour"),
                Query(_band("+"), "upper"),
                Query(_band("-"), "lower"),
                width=5,
            ),
            p.lines(
                "Threshold",
                "Confidence index that auto takes: in the workers' policy, and in the last decision seen.",
                "short",
                Query(asked, "policy"),
                most(c.THRESHOLD, legend="last decision"),
                width=3,
            ),
        ],
    )


def _band(sign: str) -> str:
    series = f"{select('job:codiflux_filings_auto:ratio_rate1h')}[7d]"
    return f"avg_over_time({series}) {sign} clamp_min(3 * stddev_over_time({series}), 0.05)"


def workload() -> Row:
    """What humans have to do."""
    a_day = f"{total(rate(c.FILINGS))} * {A_DAY} * {HOURS_A_FILING}"
    rest = f"(1 - {highest(select(c.AUTO_SHARE_AT, IN_SPAN), 'threshold')})"
    return Row(
        "Work for humans",
        [
            p.lines(
                "Review queue",
                "Decisions for review without a label.",
                "short",
                most(c.REVIEW_QUEUE, legend="waiting"),
                width=6,
            ),
            p.lines(
                "In and out of review",
                "Filings sent to humans, and labels that came back, by why they were given.",
                "cps",
                pace(c.FILINGS, IN_REVIEW, legend="to review"),
                pace(c.LABELS, by="origin", legend="{{origin}} labels"),
                width=6,
            ),
            p.bars(
                "Hours of review a day at other thresholds",
                "At the traffic of the last minutes and the minutes a filing chosen above.",
                "h",
                Query(f"{rest} * scalar({a_day})", "hours a day"),
                by="threshold",
                width=6,
            ),
            p.map_of_buckets(
                "From decision to label",
                "Labels a second by how long they took.",
                "s",
                pace(c.LABEL_DELAY, suffix="_bucket", by="le"),
                width=6,
            ),
        ],
    )


def accuracy() -> Row:
    """Whether it is right."""
    return Row(
        "Accuracy",
        [
            p.lines(
                "Auto lane, with its interval",
                "From audit labels, weighted by how they were sampled; 95 % interval. Expected: without labels, "
                "from the model's probabilities.",
                "percentunit",
                Query(by_lane(c.ACCURACY, AUTO), "estimate {{model_version}}"),
                Query(by_lane(c.ACCURACY_LOWER, AUTO), "lower {{model_version}}"),
                Query(by_lane(c.ACCURACY_UPPER, AUTO), "upper {{model_version}}"),
                most(
                    c.EXPECTED_ACCURACY,
                    OF_MODEL,
                    IN_PERIOD,
                    AUTO,
                    by="model_version",
                    legend="expected {{model_version}}",
                ),
                bands=True,
                width=12,
                steps=((None, RED), (0.95, GREEN)),
                options={"max": 1},
            ),
            p.bars(
                "By lane",
                "Auto, review and both together, beside what the model expects of itself.",
                "percentunit",
                most(c.ACCURACY, *JUDGED, by="lane", legend="estimate"),
                most(c.EXPECTED_ACCURACY, OF_MODEL, IN_PERIOD, by="lane", legend="expected"),
                by="lane",
                width=6,
            ),
            p.bars(
                "By stage",
                "Rule or model, both lanes weighted.",
                "percentunit",
                most(c.STAGE_ACCURACY_LOWER, *JUDGED, by="stage", legend="lower"),
                most(c.STAGE_ACCURACY, *JUDGED, by="stage", legend="estimate"),
                most(c.STAGE_ACCURACY_UPPER, *JUDGED, by="stage", legend="upper"),
                by="stage",
                width=6,
            ),
            p.rows(
                "By section",
                "Of the code decided, both lanes weighted, with the 95 % interval. Wide ones want labels.",
                "percentunit",
                most(c.SECTION_ACCURACY, *JUDGED, OF_SECTION, by="section", legend="estimate"),
                most(c.SECTION_ACCURACY_LOWER, *JUDGED, OF_SECTION, by="section", legend="lower"),
                most(c.SECTION_ACCURACY_UPPER, *JUDGED, OF_SECTION, by="section", legend="upper"),
                most(c.SECTION_SHARE, IN_SPAN, OF_SECTION, by="section", legend="share of filings"),
                by="section",
                width=12,
                height=10,
            ),
            p.lines(
                "Labels behind the figures",
                "By lane. An interval narrows with their square root.",
                "short",
                Query(by_lane(c.ACCURACY_LABELS), "{{lane}} {{model_version}}"),
                width=6,
                height=10,
            ),
            p.lines(
                "Audit",
                "Share of auto decisions copied for a blind second look: in the window, and as the policy asks.",
                "percentunit",
                most(c.AUDIT_SHARE, IN_PERIOD, legend="copied"),
                most(c.POLICY_AUDIT_SHARE, legend="policy"),
                width=6,
                height=10,
            ),
        ],
    )


def join() -> Row:
    """How labels meet their decisions."""
    return Row(
        "Labels and decisions",
        [
            p.lines(
                "Labels that met their decision",
                "Since the monitor started, by why a human gave them.",
                "short",
                held(c.LABELS, by="origin", legend="{{origin}} read"),
                held(c.LABELS_JOINED, by="origin", legend="{{origin}} joined"),
                width=6,
            ),
            p.lines(
                "Labels that wait",
                "Their decision has not come, or was forgotten.",
                "short",
                most(c.LABELS_WAITING, legend="waiting"),
                width=6,
            ),
            p.lines(
                "Decisions kept for labels",
                "Labels come weeks late; these wait for them.",
                "short",
                most(c.JOIN_DECISIONS, legend="decisions"),
                width=6,
            ),
            p.lines(
                "Size of the join",
                "On the monitor's disk.",
                "bytes",
                most(c.JOIN_SIZE, legend="on disk"),
                width=6,
            ),
        ],
    )


def dashboard() -> str:
    """The JSON."""
    return assemble(
        "codiflux-quality",
        "Codiflux: quality and workload",
        "How much is coded without a human, whether it is right, and what the rest costs.",
        variables=[
            *(v.data_source(), v.environment(), v.job(), v.model_version(), v.section()),
            v.span(),
            v.period(),
            v.one_of("level", "Level", c.ACCURACY, first="5"),
            v.typed("review_minutes", "Minutes a filing", "3"),
        ],
        rows=[now(), automation(), workload(), accuracy(), join()],
        since="now-24h",
    )
