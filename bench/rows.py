"""The table: figures, the floor or peer of the same run beside each, and its target."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

VERDICTS = {True: "met", False: "MISSED", None: ""}
FORMATS = {
    "/s": "{:,.0f}/s",
    "µs": "{:,.1f} µs",
    "ms": "{:,.2f} ms",
    "s": "{:,.0f} s",
    "MB": "{:,.1f} MB",
    "count": "{:,.0f}",
    "each": "{:,.2f}",
    "": "{:,.0f}",
    "%": "{:,.1f} %",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A figure, and whether it is good enough. `unit` is a key of FORMATS."""

    what: str
    ours: float
    unit: str
    target: str
    is_met: bool | None  # None: there is no target
    floor: float | None = None  # in the same unit
    beside: str = ""  # what the floor is
    ratio: float | None = None  # to the floor


def at_most(
    what: str, ours: float, limit: float, unit: str, floor: float | None = None, beside: str = ""
) -> Row:
    """A figure that must not be above a limit."""
    return Row(what, ours, unit, f"<= {limit:g} {unit}", ours <= limit, floor, beside, _ratio(ours, floor))


def at_least(
    what: str, ours: float, least: float, unit: str, floor: float | None = None, beside: str = ""
) -> Row:
    """A figure that must not be below a limit."""
    return Row(what, ours, unit, f">= {least:,g}{unit}", ours >= least, floor, beside, _ratio(ours, floor))


def at_most_of(what: str, ours: float, floor: float, factor: float, unit: str, beside: str) -> Row:
    """A figure that must not be above so many times another."""
    met = ours <= factor * floor
    return Row(what, ours, unit, f"<= {factor:g} x", met, floor, beside, _ratio(ours, floor))


def at_least_of(what: str, ours: Sequence[float], floors: Sequence[float], factor: float, beside: str) -> Row:
    """A rate that must not be below so many times the floor, each pair measured one right after the other.

    The middle of the pairs' ratios counts: what else runs on the machine changes both rates of a pair.
    """
    ratio = median(one / floor for one, floor in zip(ours, floors, strict=True))
    met = ratio >= factor
    return Row(what, median(ours), "/s", f">= {factor:g} x", met, median(floors), beside, ratio)


def beside_peer(what: str, ours: Sequence[float], peers: Sequence[float], beside: str) -> Row:
    """A rate without a target, and the middle of its ratios to a peer's."""
    ratio = median(one / peer for one, peer in zip(ours, peers, strict=True))
    return Row(what, median(ours), "/s", "", None, median(peers), beside, ratio)


def _ratio(ours: float, floor: float | None) -> float | None:
    return ours / floor if floor else None


def table(rows: Sequence[Row]) -> str:
    """The rows under a heading, aligned."""
    lines = [("what", "floor or peer, same run", "ours", "ratio", "target", "")]
    lines += [_cells(row) for row in rows]
    widths = [max(len(line[place]) for line in lines) for place in range(6)]
    return "\n".join(_line(line, widths) for line in lines)


def _cells(row: Row) -> tuple[str, str, str, str, str, str]:
    show = FORMATS[row.unit].format
    floor = f"{show(row.floor)} {row.beside}" if row.floor is not None else row.beside
    ratio = f"{row.ratio:.2f}" if row.ratio is not None else ""
    return row.what, floor, show(row.ours), ratio, row.target, VERDICTS[row.is_met]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    rightly = (2, 3)
    padded = [
        cell.rjust(width) if place in rightly else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
