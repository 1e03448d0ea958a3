"""Findings against truth: detection with its bounds, false alarms and delay. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import beta

from watchline.score.expected import Expected, expected_findings
from watchline.score.truth import TruePath
from watchline.sectors.plane import SectorPlane


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFinding:
    """A finding as the hub has it; `known_us` is when it knew, `track` whose it is, if asked."""

    rule: str
    geofence: str | None
    at_us: int
    lon: float
    lat: float
    known_us: int | None = None
    track: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An expected finding and the one that was made of it."""

    expected: Expected
    finding: SeenFinding
    delay_s: float  # known (or else said) minus true time
    off_m: float  # distance between the two places


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How a run did.

    `false_alarms` have no target near them, `surplus` has one that did nothing of the kind, or a
    second finding of the same deed. `members` are neither: another track of a group that did it,
    as many as there are people in it; each of them has.
    """

    expected: int
    matches: list[Match]
    missed: list[Expected]
    false_alarms: list[SeenFinding]
    surplus: list[SeenFinding]
    members: list[SeenFinding]
    findings: Sequence[SeenFinding] = field(repr=False)
    targets: list[str | None] = field(repr=False)  # of each finding, in their order

    @property
    def pd(self) -> float | None:
        """The share of expected findings that were made; None when nothing was expected."""
        return len(self.matches) / self.expected if self.expected else None

    @property
    def pd_bounds(self) -> tuple[float, float] | None:
        """What `pd` is at least, and at most, each with 95 % confidence."""
        return clopper_pearson(len(self.matches), self.expected) if self.expected else None

    @property
    def life_at_risk_missed(self) -> int:
        """How many of whose life was at risk were not found."""
        return sum(one.life_at_risk for one in self.missed)

    def delay_s(self, percent: float) -> float | None:
        """A percentile of the delays of the matches, linear between them."""
        delays = [match.delay_s for match in self.matches]
        return float(np.percentile(delays, percent)) if delays else None

    @property
    def delay_p50_s(self) -> float | None:
        """The median delay of the matches."""
        return self.delay_s(50.0)


def clopper_pearson(found: int, expected: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The exact bounds of a share of which `found` out of `expected` were seen.

    One-sided each: the share is at least the lower with this confidence, and at most the upper
    with this confidence (Clopper & Pearson 1934), as intrusion detection is specified.

    >>> [round(bound, 3) for bound in clopper_pearson(49, 50)]
    [0.909, 0.999]
    """
    if not 0 <= found <= expected or expected < 1 or not 0.0 < confidence < 1.0:
        raise ValueError("found is from 0 to expected, and something is expected")
    low = float(beta.ppf(1.0 - confidence, found, expected - found + 1)) if found else 0.0
    if found == expected:
        return low, 1.0
    return low, float(beta.ppf(confidence, found + 1, expected - found))


def nearest_target(
    finding: SeenFinding,
    truth: Sequence[TruePath],
    plane: SectorPlane,
    *,
    gate_m: float = 60.0,
    slack_s: float = 2.0,
) -> str | None:
    """The target nearest to a finding at its time, within a gate; None: nothing was there.

    A target counts until `slack_s` outside its samples, at its first or last place.
    """
    x, y = plane.to_plane(finding.lon, finding.lat)
    best, best_m = None, gate_m
    for path in truth:
        slack_us = slack_s * 1e6
        if not path.at_us[0] - slack_us <= finding.at_us <= path.at_us[-1] + slack_us:
            continue
        lon = np.interp(finding.at_us, path.at_us, path.lon)
        lat = np.interp(finding.at_us, path.at_us, path.lat)
        tx, ty = plane.to_plane(lon, lat)
        away = float(np.hypot(tx - x, ty - y))
        if away <= best_m:
            best, best_m = path.target, away
    return best


def score(
    sector: Mapping[str, Any],
    truth: Sequence[TruePath],
    findings: Sequence[SeenFinding],
    *,
    gate_m: float = 60.0,
    window_s: float = 30.0,
    margin_m: float = 10.0,
) -> Score:
    """Match findings to what the truth says should be found: same rule, same target (the
    nearest within `gate_m`), at most `window_s` apart or while it lasts, each once, the nearest
    in time first."""
    plane = SectorPlane(*sector["sector"]["origin"])
    wanted = expected_findings(sector, truth, margin_m=margin_m)
    targets = [nearest_target(finding, truth, plane, gate_m=gate_m) for finding in findings]
    pairs = sorted(
        (abs(finding.at_us - one.at_us), w, f)
        for w, one in enumerate(wanted)
        for f, finding in enumerate(findings)
        if targets[f] == one.target
        and finding.rule == one.rule
        and one.at_us - window_s * 1e6 <= finding.at_us <= one.until_us + window_s * 1e6
    )
    taken: dict[int, int] = {}
    used: set[int] = set()
    for _, w, f in pairs:
        if w not in taken and f not in used:
            taken[w] = f
            used.add(f)
    members = _members(pairs, taken, wanted, findings, {path.target: path.size for path in truth})
    left = [f for f in range(len(findings)) if f not in used | members]
    return Score(
        expected=len(wanted),
        matches=[_match(wanted[w], findings[f], plane) for w, f in sorted(taken.items())],
        missed=[one for w, one in enumerate(wanted) if w not in taken],
        false_alarms=[findings[f] for f in left if targets[f] is None],
        surplus=[findings[f] for f in left if targets[f] is not None],
        members=[findings[f] for f in sorted(members)],
        findings=findings,
        targets=targets,
    )


def _members(
    pairs: Sequence[tuple[float, int, int]],
    taken: Mapping[int, int],
    wanted: Sequence[Expected],
    findings: Sequence[SeenFinding],
    sizes: Mapping[str, int],
) -> set[int]:
    """The findings of a matched deed by other tracks, while its group has more people."""
    tracks = {w: {findings[f].track} for w, f in taken.items()}
    used, found = set(taken.values()), set[int]()
    for _, w, f in pairs:
        track = findings[f].track
        if w not in taken or f in used or track is None or track in tracks[w]:
            continue
        if len(tracks[w]) < sizes[wanted[w].target]:
            tracks[w].add(track)
            used.add(f)
            found.add(f)
    return found


def _match(expected: Expected, finding: SeenFinding, plane: SectorPlane) -> Match:
    known_us = finding.at_us if finding.known_us is None else finding.known_us
    x, y = plane.to_plane([expected.lon, finding.lon], [expected.lat, finding.lat])
    return Match(
        expected=expected,
        finding=finding,
        delay_s=(known_us - expected.at_us) / 1e6,
        off_m=float(np.hypot(x[1] - x[0], y[1] - y[0])),
    )
