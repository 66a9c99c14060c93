"""What a section is made of: headings, paragraphs, figures."""

from __future__ import annotations

from collections.abc import Sequence

from stream.replay.report.charts import legend
from stream.replay.report.words import Said, say

INTERVAL = ("box light b0", say("intervalle à 95 %", "95% interval"))


def section(title: Said, body: str) -> str:
    """A section under its heading."""
    return f"<section><h2>{title.html()}</h2>{body}</section>"


def heading(title: Said) -> str:
    """A heading within a section."""
    return f"<h3>{title.html()}</h3>"


def paragraph(text: Said) -> str:
    """A paragraph."""
    return f"<p>{text.html()}</p>"


def figure(name: str, svg: str, caption: Said, marks: Sequence[tuple[str, Said]]) -> str:
    """A chart with its legend above and its caption below."""
    return (
        f'<figure>{legend(marks) if marks else ""}<div class="wide">{svg}</div>'
        f'<figcaption id="{name}-caption">{caption.html()}</figcaption></figure>'
    )
