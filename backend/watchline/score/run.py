"""`watchline score`: a scenario's night, simulated by the edges' own code, judged against truth."""

import itertools
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
import shapely

from watchline.score.compare import Score, SeenFinding, score
from watchline.score.night import Alarm, Heard, Night
from watchline.score.places import Errors, Place, position_errors
from watchline.score.truth import TruePath, read_truth
from watchline.sectors.plane import SectorPlane

#: Every scored night begins here, 2026-01-14 16:00 UTC: the same seed, the same night.
START_S = 1_768_406_400
#: So close in time a track's place and the truth are held together; a stay may be told late.
WINDOW_S = 60.0
_OPERATOR_S = 600.0


class ScenarioRefused(Exception):
    """The edge's simulator has said on standard error what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A scored night: `km` is the length of the longest line that is watched, if any is.

    `errors` are those of the tracks that show targets, once a second.
    """

    name: str
    seed: int
    hours: float
    km: float | None
    score: Score
    alarms: list[Alarm]
    truth: list[TruePath]
    suppressed: int
    late: int
    errors: Errors

    @property
    def false(self) -> int:
        """Alarms that answer to nothing expected: nobody was there, or not for that."""
        return len(self.score.false_alarms) + len(self.score.surplus)

    def off(self, percent: float) -> float | None:
        """A percentile of how far the tracks were from what they show, in metres."""
        off_m = self.errors.off_m
        return round(float(np.percentile(off_m, percent)), 1) if len(off_m) else None

    @property
    def inside(self) -> float | None:
        """The share of them that lay in the tracks' own 95 % ellipses."""
        inside = self.errors.inside
        return round(float(inside.mean()), 3) if len(inside) else None

    def summary(self) -> dict[str, Any]:
        """The last line of the command."""
        done = self.score
        low, high = done.pd_bounds or (None, None)
        windows = self.hours * 3600.0 / _OPERATOR_S
        km_days = None if self.km is None else self.km * self.hours / 24.0
        return {
            "score": self.name,
            "seed": self.seed,
            "hours": round(self.hours, 3),
            "expected": done.expected,
            "found": len(done.matches),
            "pd": _rounded(done.pd),
            "pd_low": _rounded(low),
            "pd_high": _rounded(high),
            "members": len(done.members),
            "alarms_per_10min": round(len(self.alarms) / windows, 3),
            "false_per_km_day": None if km_days is None else round(self.false / km_days, 2),
            "false_per_10min": round(self.false / windows, 3),
            "delay_p50_s": _rounded(done.delay_s(50.0), 1),
            "delay_p99_s": _rounded(done.delay_s(99.0), 1),
            "off_p50_m": self.off(50.0),
            "off_p95_m": self.off(95.0),
            "inside_95": self.inside,
            "life_at_risk_missed": done.life_at_risk_missed,
        }


def run(
    scenario: Path,
    *,
    area: Path,
    seed: int | None = None,
    hours: float | None = None,
    without: str | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Result:
    """Play the night and score it, without its "radars" or "cameras" if so told.

    Raises ScenarioRefused, and what the hub refuses of rules.
    """
    with tempfile.TemporaryDirectory(prefix="watchline-score-") as folder:
        out = Path(folder)
        with _simulator(scenario, area, out, seed, hours, without) as child:
            assert child.stdout is not None
            heard = _frames(child.stdout)
            first = next(heard, None)
            if first is None:
                child.wait()
                raise ScenarioRefused
            about = json.loads((out / "about.json").read_text("utf-8"))
            document = (out / "sector.json").read_bytes()
            night = Night(document, START_S * 1_000_000)
            alarms: list[Alarm] = []
            places: list[Place] = []
            looked_us = 0
            for moment in itertools.chain([first], heard):
                alarms += night.hear(moment)
                if moment.at_us - looked_us >= 1_000_000:
                    looked_us = moment.at_us
                    places += night.places()
                progress((moment.at_us / 1e6 - START_S) / about["duration_s"])
        if child.returncode:
            raise ScenarioRefused
        truth = read_truth(out / "truth.jsonl")
    sector = json.loads(document)
    plane = SectorPlane(*sector["sector"]["origin"])
    findings = [_seen(alarm, plane) for alarm in alarms]
    return Result(
        name=scenario.stem,
        seed=about["seed"],
        hours=about["duration_s"] / 3600.0,
        km=_km(sector, plane),
        score=score(sector, truth, findings, window_s=WINDOW_S),
        alarms=alarms,
        truth=truth,
        suppressed=night.suppressed,
        late=night.late,
        errors=position_errors(truth, places, plane),
    )


def _simulator(
    scenario: Path,
    area: Path,
    out: Path,
    seed: int | None,
    hours: float | None,
    without: str | None,
) -> subprocess.Popen[bytes]:
    """The edges' half as a process of its own: the hub imports nothing of it."""
    command = [sys.executable, "-m", "watchline_sensors.cli", "simulate", "headless"]
    command += [str(scenario), "--area", str(area), "--out", str(out), "--start-at", str(START_S)]
    command += [] if seed is None else ["--seed", str(seed)]
    command += [] if hours is None else ["--duration", str(hours * 3600.0)]
    command += [] if without is None else ["--without", without]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)


def _frames(stream: IO[bytes]) -> Iterator[Heard]:
    """What the simulator writes: each frame behind its length; one cut short ends it."""
    decoder = msgspec.msgpack.Decoder(Heard)
    while len(size := stream.read(4)) == 4:
        body = stream.read(int.from_bytes(size, "little"))
        if len(body) < int.from_bytes(size, "little"):
            return
        yield decoder.decode(body)


def _seen(alarm: Alarm, plane: SectorPlane) -> SeenFinding:
    finding = alarm.change.finding
    assert finding is not None  # an incident of a machine is opened and raised by findings
    lon, lat = plane.point_to_lon_lat(finding.x_m, finding.y_m)
    return SeenFinding(
        rule=finding.rule_id,
        geofence=finding.geofence_id,
        at_us=finding.at_us,
        lon=lon,
        lat=lat,
        known_us=alarm.known_us,
        track=finding.track_id,
    )


def _km(sector: dict[str, Any], plane: SectorPlane) -> float | None:
    """The length of the longest line that has a rule."""
    ruled = {rule["geofence_id"] for rule in sector["rules"]}
    lines = [
        shapely.LineString(np.stack(plane.to_plane(*np.transpose(g["geom"]["coordinates"])), -1))
        for g in sector["geofences"]
        if g["id"] in ruled and g["geom"]["type"] == "LineString"
    ]
    return max((line.length for line in lines), default=0.0) / 1000.0 or None


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)


def table(result: Result) -> list[str]:
    """The night in lines for people."""
    done, told = result.score, result.summary()
    bounds = done.pd_bounds
    rows = [
        ("night", f"{result.name}, seed {result.seed}, {result.hours:.2f} h"),
        ("to be found", f"{done.expected}, found {len(done.matches)}"),
    ]
    if bounds is not None:
        rows.append(
            ("Pd", f"{done.pd:.3f}, at least {bounds[0]:.3f}, at most {bounds[1]:.3f} (95 % each)")
        )
    rows += [
        ("alarms", f"{len(result.alarms)}, {told['alarms_per_10min']:.2f} per operator-10-min"),
        ("false alarms", f"{result.false}, {told['false_per_10min']:.2f} per operator-10-min"),
    ]
    if result.km is not None:
        rows.append(("", f"{told['false_per_km_day']:.2f} per km-day on {result.km:.1f} km"))
    if done.members:
        rows.append(("of the same group", str(len(done.members))))
    if done.matches:
        rows.append(("delay", f"p50 {told['delay_p50_s']:.1f} s, p99 {told['delay_p99_s']:.1f} s"))
    if len(result.errors.off_m):
        off = f"p50 {told['off_p50_m']:.1f} m, p95 {told['off_p95_m']:.1f} m"
        rows.append(("tracks off by", f"{off}, {told['inside_95']:.1%} in their 95 % ellipse"))
    rows += [
        ("life at risk missed", str(done.life_at_risk_missed)),
        ("our own, not raised", str(result.suppressed)),
        ("detections too late", str(result.late)),
    ]
    lines = [f"{name:<20}  {value}" for name, value in rows]
    for what, count in sorted(_causes(result).items(), key=lambda told: (-told[1], told[0])):
        lines.append(f"  false: {count:>3}  {what}")
    for one in done.missed:
        at_s = one.at_us / 1e6 - START_S
        lines.append(f"  missed: {one.rule} by {one.target} after {at_s:.0f} s")
    return lines


def _causes(result: Result) -> Counter[str]:
    """What stood where the false alarms were: "boar (animal): rule", or nothing at all."""
    paths = {path.target: path for path in result.truth}
    wrong = {id(finding) for finding in result.score.false_alarms + result.score.surplus}
    causes: Counter[str] = Counter()
    for finding, target in zip(result.score.findings, result.score.targets, strict=True):
        if id(finding) not in wrong:
            continue
        path = None if target is None else paths[target]
        who = "nothing" if path is None else f"{_kind_of(path)} ({path.object})"
        causes[f"{finding.rule}: {who}"] += 1
    return causes


def _kind_of(path: TruePath) -> str:
    """A target's name without its number in a crowd."""
    return re.sub(r"-\d+[a-z]*\d*$", "", path.target)
