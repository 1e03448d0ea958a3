"""The ingest report as a table for a terminal; pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

_HEADS = ("edge", "last heard", "skew", "expected", "settled", "missing", "lost", "quarantined")
_MOST_GAPS = 20


def table(report: Mapping[str, Any]) -> str:
    """One line an edge, then its newest gaps; times are UTC.

    >>> print(table({"edges": [], "stored": 0, "duplicates": 0}))
    No edge is enrolled.
    """
    edges = report["edges"]
    if not edges:
        return "No edge is enrolled."
    lines = [
        *_columns([_HEADS, *map(_line, edges)]),
        "",
        f"{report['stored']:,} detections are stored, {report['duplicates']} of them twice.",
    ]
    for edge in edges:
        if edge["refused"]:
            told = ", ".join(f"{code} {count:,}" for code, count in edge["refused"].items())
            lines += ["", f"{edge['edge']}, refused: {told}"]
    gaps = [gap for edge in edges for gap in edge["gaps"]]
    if not gaps:
        return "\n".join([*lines, "No gaps."])
    rows = [("edge", "given out after", "and before", "first seq", "last seq", "what")]
    rows += [
        (
            gap["edge"],
            _moment(gap["from_at"]),
            _moment(gap["to_at"]),
            f"{gap['from_seq']:,}",
            f"{gap['to_seq']:,}",
            gap["code"] or {"missing": "missing so far", "lost": "declared lost"}[gap["kind"]],
        )
        for gap in gaps[:_MOST_GAPS]
    ]
    lines += ["", *_columns(rows)]
    if len(gaps) > _MOST_GAPS:
        lines.append(f"and {len(gaps) - _MOST_GAPS} more: --json lists them.")
    return "\n".join(lines)


def _line(edge: Mapping[str, Any]) -> tuple[str, ...]:
    seen, skew_ms = edge["last_seen_at"], edge["skew_ms"]
    return (
        edge["edge"],
        "never" if seen is None else _moment(datetime.fromisoformat(seen)),
        "" if skew_ms is None else f"{skew_ms / 1000:+.1f} s",
        *(f"{edge[name]:,}" for name in ("expected", "settled", "missing", "lost", "quarantined")),
    )


def _moment(at: datetime | None) -> str:
    return "–" if at is None else f"{at:%Y-%m-%d %H:%M:%S}"


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows in columns: words to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    figures = [all(row[i][:1] in "+-0123456789" for row in rows[1:]) for i in range(len(widths))]
    return [
        "  ".join(
            cell.rjust(width) if figure else cell.ljust(width)
            for cell, width, figure in zip(row, widths, figures, strict=True)
        ).rstrip()
        for row in rows
    ]
