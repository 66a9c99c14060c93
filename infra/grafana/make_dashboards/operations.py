"""Operations: whether the flow is coded, how fast, what waits, what goes wrong, how full processes are."""

from __future__ import annotations

from infra.grafana.make_dashboards import panels as p
from infra.grafana.make_dashboards import variables as v
from infra.grafana.make_dashboards.asking import held, most, pace
from infra.grafana.make_dashboards.house import Row, assemble
from infra.grafana.make_dashboards.panels import AMBER, GREEN, RED, Query
from infra.grafana.make_dashboards.queries import OF_MODEL, highest, mean, quantile, rate, select, some, total
from monitoring import catalogue as c

UP_OR_DOWN = ((0, "no", RED), (1, "yes", GREEN))


def late(window: str) -> str:
    """Share of messages decided in more than a second, as the rules record it."""
    return select(f"job:codiflux_filings_late:ratio_rate{window}")


def at_a_glance() -> Row:
    """What to look at first."""
    in_time = total(rate(c.LATENCY, 'le="1.0"', suffix="_bucket")) + " / " + some(rate(c.LATENCY, suffix="_count"))
    dead = f"{total(rate(c.DEAD_LETTERS))} / {some(rate(c.LATENCY, suffix='_count'))}"
    return Row(
        "At a glance",
        [
            p.figure("Decided", "Filings a second, acknowledged by the broker.", "cps", pace(c.FILINGS)),
            p.figure(
                "Within one second",
                "Of the messages of the last minutes, from the broker's timestamp to the acknowledged decision. The "
                "objective is 99 %.",
                "percentunit",
                Query(in_time),
                steps=((None, RED), (0.98, AMBER), (0.99, GREEN)),
                options={"decimals": 2},
            ),
            p.figure(
                "Waiting",
                "Messages after the committed offset, over all partitions.",
                "short",
                held(c.LAG_MESSAGES),
                steps=((None, GREEN), (10000, AMBER), (100000, RED)),
            ),
            p.figure(
                "Dead letters",
                "Share of messages that could not become a decision; their bytes are kept.",
                "percentunit",
                Query(dead),
                steps=((None, GREEN), (0.01, AMBER), (0.1, RED)),
                options={"none": "none", "decimals": 2},
            ),
            p.figure(
                "Workers that answer",
                "Processes that Prometheus could scrape.",
                "short",
                held("up", 'job="codiflux-worker"'),
                steps=((None, RED), (1, GREEN)),
            ),
            p.figure(
                "Alerts",
                "Alerts that fire now. docs/runbooks has a page for each.",
                "short",
                Query('count(ALERTS{alertname=~"Codiflux.+", alertstate="firing"}) or vector(0)'),
                steps=((None, GREEN), (1, RED)),
            ),
        ],
    )


def traffic() -> Row:
    """What comes and where it goes."""
    return Row(
        "Traffic",
        [
            p.lines(
                "Filings by route",
                "Auto is coded without a human, review goes to one, returned had nothing to code.",
                "cps",
                pace(c.FILINGS, by="route"),
                stacked=True,
                width=12,
            ),
            p.lines(
                "Filings by stage",
                "Which step of the cascade answered: rejection, rule or model.",
                "cps",
                pace(c.FILINGS, by="stage"),
                stacked=True,
                width=6,
            ),
            p.lines(
                "Copies and suppressed",
                "Auto decisions copied for audit, and re-delivered filings that Redis knew.",
                "cps",
                pace(c.AUDITED, legend="copied for audit"),
                pace(c.SUPPRESSED, legend="suppressed"),
                width=6,
            ),
        ],
    )


def latency() -> Row:
    """The objective: 99 % within a second."""
    return Row(
        "Latency",
        [
            p.map_of_buckets(
                "Latency of filings",
                "Messages a second by latency, from the broker's timestamp to the acknowledged decision.",
                "s",
                pace(c.LATENCY, suffix="_bucket", by="le"),
                width=12,
            ),
            p.lines(
                "Latency quantiles",
                "Estimated from buckets, so no finer than they are. The line is the objective, one second.",
                "s",
                *tuple(Query(quantile(share, c.LATENCY), f"p{share * 100:g}") for share in (0.5, 0.95, 0.99)),
                logarithmic=True,
                bands=True,
                width=6,
                steps=((None, GREEN), (1.0, RED)),
            ),
            p.lines(
                "Budget burn rate",
                "1 spends the 1 % of late filings in exactly a month; 14.4 over an hour and 6 over six page.",
                "short",
                *tuple(
                    (
                        Query(f"{late(window)} / 0.01", f"over {words}")
                        for window, words in (("5m", "5 min"), ("1h", "1 h"), ("6h", "6 h"))
                    )
                ),
                bands=True,
                width=6,
                steps=((None, GREEN), (6.0, AMBER), (14.4, RED)),
            ),
        ],
    )


def backlog() -> Row:
    """What waits, and for how long."""
    age = f"time() - ({highest(select(c.LAST_COMMIT), 'instance')} > 0)"
    return Row(
        "Backlog",
        [
            p.lines(
                "Messages that wait",
                "After the committed offset, by partition of formality.received.",
                "short",
                held(c.LAG_MESSAGES, by="partition", legend="partition {{partition}}"),
                stacked=True,
            ),
            p.lines(
                "Backlog in seconds",
                "Work that waits at the pace of the last five minutes, and the oldest message in hand.",
                "s",
                Query(select("job:codiflux_consumer_lag_seconds:estimate"), "work that waits"),
                most(c.LAG_SECONDS, legend="oldest in hand"),
                width=5,
            ),
            p.lines(
                "Time to drain",
                "Until the backlog is gone at the pace it shrinks now; nothing is drawn while it grows.",
                "s",
                Query(f"{select('job:codiflux_time_to_drain_seconds:estimate')} < +Inf", "until it is gone"),
                width=5,
            ),
            p.lines(
                "Age of the last commit",
                "Worrying only while messages wait: a quiet night commits nothing.",
                "s",
                Query(age, "{{instance}}"),
                width=6,
            ),
        ],
    )


def errors() -> Row:
    """What goes wrong."""
    return Row(
        "Errors",
        [
            p.lines(
                "Dead letters by reason",
                "`codiflux dead-letters list` shows them; redrive sends them back once the cause is mended.",
                "cps",
                pace(c.DEAD_LETTERS, by="reason"),
                stacked=True,
            ),
            p.lines(
                "Batches without Redis",
                "Redis was slow or gone, and the batch went on. Nothing is lost by it.",
                "cps",
                pace(c.REDIS_ERRORS, by="operation"),
            ),
            p.states(
                "Health of workers",
                "Live: the committed offset moves or nothing waits. Ready: partitions are assigned.",
                "bool_yes_no",
                most(c.LIVE, by="instance", legend="{{instance}} live"),
                most(c.READY, by="instance", legend="{{instance}} ready"),
                Query(f"1 - {highest(select(c.BREAKER_OPEN), 'instance')}", "{{instance}} breaker closed"),
                names=UP_OR_DOWN,
            ),
        ],
    )


def saturation() -> Row:
    """How full the processes are."""
    hits, misses = (total(rate(c.CACHE_HITS)), total(rate(c.CACHE_MISSES)))
    return Row(
        "Saturation",
        [
            p.lines(
                "Processor",
                "Cores used, by process. A worker process uses little more than one.",
                "short",
                Query(rate("process_cpu_seconds_total"), "{{job}} {{instance}}"),
                width=6,
            ),
            p.lines(
                "Memory",
                "Resident memory, by process.",
                "bytes",
                Query(select("process_resident_memory_bytes"), "{{job}} {{instance}}"),
                width=6,
            ),
            p.lines(
                "Messages in a batch",
                "A batch is what a fetch brought: it grows with the load, up to CODIFLUX_BATCH_SIZE.",
                "short",
                Query(mean(c.BATCH_SIZE), "mean"),
                Query(quantile(0.99, c.BATCH_SIZE), "p99"),
                width=4,
            ),
            p.lines(
                "Time to decide a batch",
                "Reading, coding and policy, without Kafka.",
                "s",
                Query(quantile(0.5, c.DECIDE_TIME), "p50"),
                Query(quantile(0.99, c.DECIDE_TIME), "p99"),
                width=4,
            ),
            p.lines(
                "Codings from the cache",
                "Filings whose text and variables were coded before by the same process.",
                "percentunit",
                Query(f"{hits} / ({hits} + {misses} > 0)", "share"),
                width=4,
                options={"max": 1},
            ),
            p.lines(
                "Batches in flight",
                "Written and not acknowledged yet; at CODIFLUX_IN_FLIGHT_BATCHES the broker is the brake.",
                "short",
                most(c.IN_FLIGHT, by="instance"),
                width=6,
            ),
            p.lines(
                "Models in force",
                "Processes by model and policy; two at once for longer than a roll-out raise an alert.",
                "short",
                Query(
                    f"count by (model_version, policy_version) ({select(c.MODEL_INFO, OF_MODEL)})",
                    "{{model_version}}, {{policy_version}}",
                ),
                stacked=True,
                width=9,
            ),
            p.lines(
                "Versions of the worker",
                "Processes by version of Codiflux.",
                "short",
                Query(f"count by (version) ({select(c.WORKER_INFO)})", "{{version}}"),
                stacked=True,
                width=9,
            ),
        ],
    )


def dashboard() -> str:
    """The JSON."""
    return assemble(
        "codiflux-operations",
        "Codiflux: operations",
        "Traffic, latency against the objective, backlog, errors and saturation of the workers.",
        variables=[v.data_source(), v.environment(), v.job(), v.model_version()],
        rows=[at_a_glance(), traffic(), latency(), backlog(), errors(), saturation()],
    )
