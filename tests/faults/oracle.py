"""The oracle of every fault test, and the line that each prints.

Obligations are written to a journal outside of what is broken: `given` before an item is handed
over, `acked` after it was acknowledged. Afterwards: every acknowledged item is there, nothing is
there that was never given, nothing is there twice, every payload is the one that was given.
"""

import itertools
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: `make torture` sets it: the long forms.
TORTURE = os.environ.get("WATCHLINE_TORTURE") == "1"

#: What conftest.py repeats at the end of the run.
lines: list[str] = []


class Journal:
    """An append-only file of obligations; a line cut short by a kill is no obligation."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        os.write(self._file, b"\n")

    def given(self, items: Iterable[tuple[str, str]]) -> None:
        """(key, payload hash) of what is about to be handed over."""
        self._write(f"given {key} {digest} .\n" for key, digest in items)

    def acked(self, keys: Iterable[str]) -> None:
        """These were acknowledged just now."""
        now_us = time.monotonic_ns() // 1000
        self._write(f"acked {key} {now_us} .\n" for key in keys)

    def _write(self, written: Iterable[str]) -> None:
        os.write(self._file, "".join(written).encode())


@dataclass(slots=True)
class Obligations:
    """What journals say."""

    given: dict[str, str] = field(default_factory=dict)
    acked: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, *journals: Path) -> "Obligations":
        """All that stands in these files; those not there yet are empty."""
        found = cls()
        for word, key, value in _entries(journals):
            if word == "given":
                found.given[key] = value
            else:
                found.acked[key] = int(value)
        return found

    def longest_gap_s(self) -> float:
        """The longest time between two acknowledgements."""
        return longest_gap_s(at_us / 1e6 for at_us in self.acked.values())


def _entries(journals: Iterable[Path]) -> Iterator[tuple[str, str, str]]:
    for journal in journals:
        if not journal.exists():
            continue
        for line in journal.read_text().splitlines():
            match line.split(" "):
                case [("given" | "acked") as word, key, value, "."]:
                    yield word, key, value


def longest_gap_s(times_s: Iterable[float]) -> float:
    """The longest step in ascending order of these times."""
    ordered = sorted(times_s)
    return max((b - a for a, b in itertools.pairwise(ordered)), default=0.0)


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What became of the obligations; verdicts of several cuts add up."""

    acked: int = 0
    lost: int = 0
    duplicate: int = 0
    invented: int = 0
    altered: int = 0
    kills: int = 0
    longest_gap_s: float = 0.0

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(
            acked=self.acked + other.acked,
            lost=self.lost + other.lost,
            duplicate=self.duplicate + other.duplicate,
            invented=self.invented + other.invented,
            altered=self.altered + other.altered,
            kills=self.kills + other.kills,
            longest_gap_s=max(self.longest_gap_s, other.longest_gap_s),
        )

    def sound(self) -> bool:
        """Whether every obligation was met."""
        return self.lost == self.duplicate == self.invented == self.altered == 0

    def tell(self, what: str, seed: int) -> str:
        """Print the line of a fault test and keep it for the end of the run."""
        line = (
            f"{what}: seed={seed} acked={self.acked} lost={self.lost} duplicate={self.duplicate} "
            f"kills={self.kills} longest_gap_s={self.longest_gap_s:.2f}"
        )
        if self.invented or self.altered:
            line += f" invented={self.invented} altered={self.altered}"
        print(line, flush=True)
        lines.append(line)
        return line

    def hold(self, *, line: str, acked: int, kills: int) -> None:
        """Fail when an obligation was not met, or when the test did not bite."""
        assert self.sound(), line
        assert self.acked >= acked, f"the test did not bite, fewer than {acked} acked: {line}"
        assert self.kills >= kills, f"the test did not bite, fewer than {kills} kills: {line}"


def judge(due: Obligations, found: Iterable[tuple[str, str]]) -> Verdict:
    """Compare with (key, payload hash) of everything that is there now."""
    digests: dict[str, str] = {}
    count: Counter[str] = Counter()
    for key, digest in found:
        count[key] += 1
        digests[key] = digest
    return Verdict(
        acked=len(due.acked),
        lost=len(due.acked.keys() - count.keys()),
        duplicate=count.total() - len(count),
        invented=len(count.keys() - due.given.keys()),
        altered=sum(due.given.get(key, digest) != digest for key, digest in digests.items()),
        longest_gap_s=due.longest_gap_s(),
    )
