"""Tables for people, on the terminal and in docs/performance.md, from one results file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from contenders import CONTENDERS
from figures import FIGURES
from results import Results
from rich.console import Console
from rich.table import Table

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
WIDTH = 120
Rows = list[list[str]]
Section = tuple[str, list[str], Rows]


def sections(results: Results) -> list[Section]:
    """Title, column heads and rows of each table that the run has figures for."""
    found = [_throughput(results, dataset) for dataset in results["throughput"]]
    if results["latency"]:
        found.append(_latency(results))
    if results["memory"]:
        found.append(_memory(results))
    if results.get("profile"):
        found.append(_profile(results))
    found.append(_figures(results))
    return found


def _throughput(results: Results, dataset: str) -> Section:
    entries = results["throughput"][dataset]
    rivals = [name for name in ("faust", "quix", "plain") if name in entries]
    heads = ["", "messages/s", "rounds", "CPU us a message", "Kafka's", *(f"x {name}" for name in rivals)]
    rows = []
    for contender in CONTENDERS:
        entry = entries.get(contender.name)
        if entry is None:
            continue
        rate = entry["per_second"]
        spread = " ".join(f"{one['per_second']:,.0f}" for one in entry["rounds"])
        against = [f"{rate / entries[name]['per_second']:.2f}" for name in rivals]
        cpu = f"{entry['cpu_microseconds']:.0f}"
        broker = entry.get("broker_microseconds")
        rows.append([contender.title, f"{rate:,.0f}", spread, cpu, "" if broker is None else f"{broker:.0f}", *against])
    return f"{dataset.capitalize()} texts", heads, rows


def _latency(results: Results) -> Section:
    entries = results["latency"]
    rows = [
        [c.title, *(f"{entries[c.name][key]:.1f}" for key in ("p50", "p99", "longest"))]
        for c in CONTENDERS
        if c.name in entries
    ]
    return "Latency at 50 filings a second, ms", ["", "p50", "p99", "longest"], rows


def _memory(results: Results) -> Section:
    memory = results["memory"]
    row = [f"{memory['filings']:,}", *(f"{memory[key]:.0f}" for key in ("settled", "at_end", "drift", "peak"))]
    return "Resident memory of one worker, MB", ["filings", "at 200,000", "at the end", "gained", "peak"], [row]


def _profile(results: Results) -> Section:
    profile = results["profile"]
    total = sum(profile["microseconds"].values())
    rows = [[name, f"{spent:.1f}", f"{spent / total:.0%}"] for name, spent in profile["microseconds"].items()]
    rows.append(["all", f"{total:.1f}", "100%"])
    return "Where a worker's time goes, distinct texts", ["", "us a message", "share"], rows


def _figures(results: Results) -> Section:
    rows = []
    for figure in FIGURES:
        value = figure.of(results)
        wanted = f"{figure.bound} {figure.wanted:g} {figure.unit}"
        shown = "not measured" if value is None else f"{value:.2f} {figure.unit}"
        verdict = "" if value is None else "yes" if figure.reached(value) else "NO"
        rows.append([figure.name, wanted, shown, verdict])
    return "Figures to reach", ["", "wanted", "measured", "reached"], rows


def wide() -> Console:
    """Standard output; a pipe is no reason for narrow tables."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def show(results: Results, console: Console) -> None:
    """Print every table."""
    for title, heads, rows in sections(results):
        table = Table(title=title, title_justify="left")
        for number, head in enumerate(heads):
            table.add_column(head, justify="left" if number == 0 else "right")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    for failure in results["failures"]:
        console.print(f"failed: {failure.splitlines()[0]}", style="red", markup=False)


def fill_document(path: Path, results: Results) -> None:
    """Put the run's tables between the markers of a Markdown file."""
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{path} lacks the lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n{_markdown(results)}{END}{after}", encoding="utf-8")


def _markdown(results: Results) -> str:
    parts = [_conditions(results)]
    for title, heads, rows in sections(results):
        parts.append(f"### {title}\n\n{_table(heads, rows)}")
    return "\n".join(parts)


def _conditions(results: Results) -> str:
    machine, versions, options = results["machine"], results["versions"], results["options"]
    return (
        f"{options['messages']:,} messages a round, {options['rounds']} rounds, {machine['cores']} cores"
        f" ({machine['processor']}, {machine['system']}), load average {machine['load_average_at_start']:.1f} at the"
        f" start; Python {versions['python']}, faust-streaming {versions['faust-streaming']}, Quix Streams"
        f" {versions['quixstreams']}, confluent-kafka {versions['confluent-kafka']}"
        f" ({versions['confluent-kafka of quixstreams']} under Quix Streams).\n"
    )


def _table(heads: Sequence[str], rows: Rows) -> str:
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in [heads, rule, *rows])
