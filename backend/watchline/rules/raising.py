"""From events to findings: who listens, whether the rule is on, whether the track is good enough
and whether it is one of our own. Events are rare, so this is plain Python.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watchline.geofences.model import Direction
from watchline.rules.compiling import CompiledRule, CompiledRules, Listener
from watchline.rules.events import Crossed, Entered, Event, Happening, Held, Left, Mark, Silent
from watchline.rules.friendly import FRIENDLY
from watchline.rules.model import NO_TRACK, Finding
from watchline.rules.qualify import unmet
from watchline.rules.state import Waiting
from watchline.rules.watch import Plots
from watchline.tracks.model import TrackUpdates

#: A probability of being one of our own is told from here on.
_WORTH_TELLING = 0.05
#: More events than these a rule does not remember, the oldest go.
_MOST_MARKS = 10_000
#: More findings than these do not wait, the oldest go.
MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Which track an event is of, and its state then: an update, or what was kept of the last."""

    track_id: bytes
    track_no: int
    hits: int
    sensors: tuple[int, ...]
    x_m: float
    y_m: float
    var_x_m2: float
    cov_xy_m2: float
    var_y_m2: float
    friend_p: float
    unit: str
    vx_mps: float | None = None
    vy_mps: float | None = None


@dataclass(slots=True)
class Raiser:
    """Collects the findings of one step."""

    updates: TrackUpdates
    plots: Plots
    compiled: CompiledRules
    p_friend: NDArray[np.float64]
    unit_of: NDArray[np.int32]
    units: tuple[str, ...]
    marks: dict[str, tuple[Mark, ...]]
    found: list[tuple[int, Finding]] = field(default_factory=list)  # (update, finding)
    #: (index of the update that was not good enough, what waits)
    waiting: list[tuple[int, Waiting]] = field(default_factory=list)

    def tell(self, row: int, event: Entered | Left | Crossed) -> None:
        """An event of an update at an area or line: everyone who listens there judges it."""
        index = self.compiled.index
        at = index.lines[event.line] if isinstance(event, Crossed) else index.areas[event.area]
        for listener in self.compiled.listeners[at.id]:
            made = listener.made
            if type(event) not in made.kind.events:
                continue
            at_us = event.at_us if isinstance(event, Crossed) else int(self.updates.at_us[row])
            if not self.compiled.open(made, at_us):
                continue
            if made.kind.remember is None:
                evidence = made.kind.judge(event, made.geofence, made.params)
            else:
                evidence = self._remember(listener, event, at.directions, at_us, row)
            if evidence is None:
                continue
            source = self.source_of(row)
            place = (event.x_m, event.y_m) if isinstance(event, Crossed) else None
            finding = self._finding(made, source, at_us, evidence, place)
            lacks = unmet(
                self.compiled.bars, made.bar, int(self.updates.hits[row]),
                int(self.updates.at_us[row] - self.updates.first_us[row]),
                float(self.plots.var_x[row]), float(self.plots.cov_xy[row]),
                float(self.plots.var_y[row]), self.plots.classes[row],
            )  # fmt: skip
            if lacks:
                until_us = at_us + round(made.params.wait_s * 1e6)
                self.waiting.append((row, Waiting(until_us=until_us, finding=finding)))
            else:
                self.found.append((row, _judged_own(finding, source, made)))

    def tell_held(self, event: Held, made: CompiledRule, source: Source) -> None:
        """A watch that has held; it is on and good enough."""
        evidence = made.kind.judge(event, made.geofence, made.params)
        if evidence is not None:
            finding = self._finding(made, source, event.at_us, evidence)
            self.found.append((event.row, _judged_own(finding, source, made)))

    def tell_silent(self, event: Silent, made: CompiledRule) -> None:
        """The absence of a unit or a sensor, told in the middle of the geofence."""
        evidence = made.kind.judge(event, made.geofence, made.params)
        if evidence is None or not self.compiled.open(made, event.at_us):
            return
        x, y = made.geofence.rings[0].mean(axis=0).tolist()
        source = Source(
            track_id=NO_TRACK, track_no=0, hits=0, sensors=(), x_m=x, y_m=y,
            var_x_m2=1.0, cov_xy_m2=0.0, var_y_m2=1.0, friend_p=0.0, unit="",
        )  # fmt: skip
        finding = self._finding(made, source, event.at_us, evidence)
        self.found.append((len(self.updates), finding))

    def tell_waiting(self, waited: Waiting, row: int, made: CompiledRule) -> None:
        """A finding whose track is good enough now: it is of when it happened."""
        source = self.source_of(row)
        evidence = waited.finding.evidence | {
            "sensors": list(source.sensors),
            "hits": source.hits,
            "good_at_us": int(self.updates.at_us[row]),
        }
        finding = replace(waited.finding, evidence=evidence)
        self.found.append((row, _judged_own(finding, source, made)))

    def source_of(self, row: int) -> Source:
        """An update as the source of a finding."""
        updates = self.updates
        sensors = updates.sensors[row]
        unit = int(self.unit_of[row])
        return Source(
            track_id=updates.id[row].tobytes(),
            track_no=int(updates.no[row]),
            hits=int(updates.hits[row]),
            sensors=tuple(sensors[sensors != 0].tolist()),
            x_m=float(updates.x_m[row]),
            y_m=float(updates.y_m[row]),
            var_x_m2=float(self.plots.var_x[row]),
            cov_xy_m2=float(self.plots.cov_xy[row]),
            var_y_m2=float(self.plots.var_y[row]),
            friend_p=float(self.p_friend[row]),
            unit=self.units[unit] if unit >= 0 else "",
            vx_mps=float(updates.vx_mps[row]),
            vy_mps=float(updates.vy_mps[row]),
        )

    def _remember(
        self,
        listener: Listener,
        event: Event,
        directions: tuple[Direction, ...],
        at_us: int,
        row: int,
    ) -> dict[str, Any] | None:
        made = listener.made
        assert made.kind.remember is not None
        if isinstance(event, Crossed):
            way = directions[event.segment]
            if way not in (Direction.BOTH, event.direction):
                return None
        happening = Happening(
            event=event,
            own=listener.own,
            at_us=at_us,
            track_id=self.updates.id[row].tobytes(),
            p_group=float(self.updates.classes[row, 1]),
        )
        evidence, kept = made.kind.remember(
            happening, self.marks.get(made.rule.id, ()), made.params
        )
        self.marks[made.rule.id] = tuple(kept)[-_MOST_MARKS:]
        return evidence

    @staticmethod
    def _finding(
        made: CompiledRule,
        source: Source,
        at_us: int,
        evidence: Mapping[str, Any],
        place: tuple[float, float] | None = None,
    ) -> Finding:
        x, y = (source.x_m, source.y_m) if place is None else place
        return Finding(
            rule_id=made.rule.id,
            rule_version=made.rule.version,
            kind=made.rule.kind,
            severity=made.rule.severity,
            geofence_id=made.geofence.id,
            geofence_version=made.geofence.version,
            track_id=source.track_id,
            track_no=source.track_no,
            at_us=at_us,
            x_m=x,
            y_m=y,
            var_x_m2=source.var_x_m2,
            cov_xy_m2=source.cov_xy_m2,
            var_y_m2=source.var_y_m2,
            evidence={**evidence, "sensors": list(source.sensors), "hits": source.hits},
            vx_mps=source.vx_mps,
            vy_mps=source.vy_mps,
            life_at_risk=made.kind.life_at_risk,
        )


def _judged_own(finding: Finding, source: Source, made: CompiledRule) -> Finding:
    """The finding with what is known of the track being one of our own."""
    if source.friend_p < _WORTH_TELLING:
        return finding
    told = {"unit": source.unit, "p": round(source.friend_p, 3)}
    own = made.params.affiliation == "other" and source.friend_p >= FRIENDLY
    return replace(
        finding,
        evidence=finding.evidence | {"friendly": told},
        suppressed="friendly" if own else None,
    )


def raised(findings: Iterable[Finding]) -> list[Finding]:
    """Those that are not suppressed."""
    return [finding for finding in findings if finding.suppressed is None]
