"""Drift: how far the world has moved from what the model was trained on, since when, and where."""

from __future__ import annotations

from infra.grafana.make_dashboards import panels as p
from infra.grafana.make_dashboards import variables as v
from infra.grafana.make_dashboards.asking import held, most, pace
from infra.grafana.make_dashboards.house import Row, assemble
from infra.grafana.make_dashboards.panels import AMBER, BLUE, GREEN, RED, Query
from infra.grafana.make_dashboards.queries import IN_SPAN, IN_WINDOW, OF_MODEL, OF_SECTION, highest, select
from monitoring import catalogue as c
from monitoring.catalogue import MetricSpec

SIGNAL = 'signal=~"$signal"'
AGAINST = 'against="$against"'
COMPARED = (SIGNAL, OF_MODEL, IN_WINDOW, AGAINST)
MEASURED = (*COMPARED, 'distance="$distance"')
STATES = ((-1, "learning", BLUE), (0, "quiet", GREEN), (1, "suspected", AMBER), (2, "drifted", RED))


def by_signal(spec: MetricSpec, *matchers: str) -> str:
    """One value a signal."""
    return highest(select(spec, *matchers), "signal")


def over_floor() -> str:
    """How many times its noise floor a signal's distance is; a floor of nothing explains nothing."""
    return f"{by_signal(c.DRIFT_DISTANCE, *MEASURED)} / ({by_signal(c.DRIFT_FLOOR, *MEASURED)} > 0)"


def now() -> Row:
    """What to look at first."""

    def count(state: str) -> str:
        return f"count({by_signal(c.DRIFT_STATE, SIGNAL, OF_MODEL)} {state}) or vector(0)"

    age = f"time() - {highest(select(c.MONITOR_PROGRESS))}"
    return Row(
        "Now",
        [
            p.figure(
                "Signals that have drifted",
                "Distance beyond what sampling explains, confirmed by a detector, and lasting.",
                "short",
                Query(count("== 2")),
                steps=((None, GREEN), (1, RED)),
            ),
            p.figure(
                "Signals under suspicion",
                "Distance or detector alone: no alarm yet.",
                "short",
                Query(count("== 1")),
                steps=((None, GREEN), (1, AMBER)),
            ),
            p.figure(
                "Signals watched",
                "Those with a state, learning included.",
                "short",
                Query(f"count({by_signal(c.DRIFT_STATE, SIGNAL, OF_MODEL)})"),
            ),
            p.figure(
                "Decisions in the window",
                "Distances of few decisions have a high noise floor.",
                "short",
                most(c.WINDOW_MESSAGES, IN_WINDOW),
            ),
            p.figure(
                "Monitor behind by",
                "Messages that the monitor has not read yet.",
                "short",
                held(c.MONITOR_LAG),
                steps=((None, GREEN), (100000, AMBER)),
            ),
            p.figure(
                "Monitor moved",
                "Since it last read something or stood at the end.",
                "s",
                Query(age),
                steps=((None, GREEN), (60, AMBER), (300, RED)),
            ),
        ],
    )


def distances() -> Row:
    """Every signal against its own noise."""
    value = {"reference": "short", "window": "short", "p-value": "short"}
    return Row(
        "Distance from the reference",
        [
            p.rows(
                "Signals",
                "Distance between window and reference, the floor that sampling alone reaches in one window of a "
                "hundred, their ratio, the p-value, the size of the effect, and its mean or share in both.",
                "short",
                Query(over_floor(), "times the floor"),
                Query(by_signal(c.DRIFT_DISTANCE, *MEASURED), "distance"),
                Query(by_signal(c.DRIFT_FLOOR, *MEASURED), "floor"),
                Query(by_signal(c.DRIFT_P_VALUE, *COMPARED), "p-value"),
                Query(by_signal(c.DRIFT_EFFECT, *COMPARED), "effect"),
                Query(by_signal(c.DRIFT_BEFORE, *COMPARED), "reference"),
                Query(by_signal(c.DRIFT_AFTER, *COMPARED), "window"),
                by="signal",
                units=value,
                width=14,
                height=16,
            ),
            p.lines(
                "Distance in noise floors",
                "1 is what an undrifted window of that size reaches once in a hundred.",
                "short",
                Query(over_floor(), "{{signal}}"),
                bands=True,
                width=10,
                steps=((None, GREEN), (1.0, AMBER)),
            ),
            p.lines(
                "p-values",
                "Of the test that nothing moved. Of twenty signals one is below 0.05 by chance: look at how long.",
                "short",
                Query(f"clamp_min({by_signal(c.DRIFT_P_VALUE, *COMPARED)}, 1e-12)", "{{signal}}"),
                logarithmic=True,
                width=10,
            ),
        ],
    )


def over_time() -> Row:
    """Since when."""
    return Row(
        "Since when",
        [
            p.states(
                "State of each signal",
                "Suspected: distance or detector. Drifted: both, lasting; it is published to drift.detected.",
                "short",
                Query(by_signal(c.DRIFT_STATE, SIGNAL, OF_MODEL), "{{signal}}"),
                names=STATES,
                width=16,
                height=12,
            ),
            p.lines(
                "Detections and all-clears",
                "Published since the monitor started, by signal and state.",
                "short",
                held(c.DRIFT_EVENTS, SIGNAL, by="signal state"),
                height=6,
            ),
            p.lines(
                "Model swaps",
                "Times another model version took over: distances after it are to its own reference.",
                "short",
                held(c.MONITOR_MODEL_SWAPS, legend="swaps"),
                height=6,
            ),
        ],
    )


def where() -> Row:
    """Which branches of the nomenclature."""
    share = highest(select(c.SECTION_SHARE, IN_SPAN, OF_SECTION), "section")
    reference = highest(select(c.SECTION_REFERENCE, OF_SECTION), "section")
    carried = f"topk(5, {highest(select(c.DRIFT_CONTRIBUTION, SIGNAL), 'signal', 'branch')})"
    return Row(
        "Where in the nomenclature",
        [
            p.map_of_series(
                "Sections over time",
                "Share of each section in the window less its share in the reference: red is more than expected.",
                "percentunit",
                Query(f"{share} - {reference}", "{{section}}"),
                width=12,
                height=12,
                options={"bound": 0.05},
            ),
            p.bars(
                "Sections now",
                "Share among the codes decided, beside the reference.",
                "percentunit",
                Query(reference, "reference"),
                Query(share, "window"),
                by="section",
                width=12,
                height=6,
            ),
            p.lines(
                "Branches that carry a drift",
                "The five largest parts of a standing drift's distance; nothing without one.",
                "percentunit",
                Query(carried, "{{signal}}: {{branch}}"),
                width=12,
                height=6,
            ),
        ],
    )


def confidence() -> Row:
    """How sure the model is."""
    return Row(
        "Confidence of the model",
        [
            p.bars(
                "Confidence index",
                "Share of the window's decisions by confidence index (lower edge), beside the reference.",
                "percentunit",
                most(c.CONFIDENCE_REFERENCE, by="bin", legend="reference"),
                most(c.CONFIDENCE_SHARE, IN_SPAN, by="bin", legend="window"),
                by="bin",
                width=12,
            ),
            p.map_of_buckets(
                "Confidence over time",
                "Decisions a second by confidence index; one edge is the threshold in force.",
                "short",
                pace(c.CONFIDENCE, suffix="_bucket", by="le"),
                width=12,
            ),
        ],
    )


def one_by_one() -> Row:
    """Each signal in its own panel."""
    return Row(
        "Signal by signal: $signal",
        [
            p.lines(
                "Distance and floor",
                "What the window is away from the reference, and what sampling alone explains.",
                "short",
                Query(by_signal(c.DRIFT_DISTANCE, *MEASURED), "distance"),
                Query(by_signal(c.DRIFT_FLOOR, *MEASURED), "floor"),
                width=12,
                height=6,
            ),
            p.lines(
                "Value",
                "The signal's mean or share in the window and in the reference.",
                "short",
                Query(by_signal(c.DRIFT_AFTER, *COMPARED), "window"),
                Query(by_signal(c.DRIFT_BEFORE, *COMPARED), "reference"),
                width=12,
                height=6,
            ),
        ],
        repeat="signal",
    )


def watching() -> Row:
    """The monitor itself."""
    return Row(
        "The monitor itself",
        [
            p.lines(
                "Messages read",
                "By topic, without those read again after a start.",
                "cps",
                pace(c.MONITOR_MESSAGES, by="topic"),
                stacked=True,
            ),
            p.lines("Messages not read yet", "By topic.", "short", held(c.MONITOR_LAG, by="topic")),
            p.lines(
                "Passed over, late, twice",
                "Unreadable messages, decisions too late for a window or out of order, copies, codes nobody knows.",
                "short",
                held(c.MONITOR_UNREADABLE, legend="unreadable"),
                held(c.MONITOR_LATE, legend="late"),
                held(c.MONITOR_OUT_OF_ORDER, legend="out of order"),
                held(c.MONITOR_COPIES, legend="copies"),
                held(c.MONITOR_UNKNOWN_CODES, legend="unknown codes"),
            ),
        ],
    )


def dashboard() -> str:
    """The JSON."""
    return assemble(
        "codiflux-drift",
        "Codiflux: drift",
        "Distances from the reference against their noise floor, since when, and where in the nomenclature.",
        variables=[
            *(v.data_source(), v.environment(), v.job(), v.model_version(), v.section(), v.signal()),
            v.one_of("against", "Compared with", c.DRIFT_DISTANCE, first="training"),
            v.one_of("window", "Window", c.DRIFT_DISTANCE, AGAINST),
            v.one_of("distance", "Distance", c.DRIFT_DISTANCE, first="hellinger"),
            v.span(),
        ],
        rows=[now(), distances(), over_time(), where(), confidence(), watching(), one_by_one()],
        since="now-24h",
    )
