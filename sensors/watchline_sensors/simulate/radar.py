"""A rotating ground radar: true positions to plots, one turn of the antenna at a time.

Turn k looks at azimuth a (degrees from true north) at k * rotation + a / 360 * rotation.
Every turn has a random stream of its own, from (seed, radar, turn): the same turn always
gives the same plots. Errors are Gaussian in range and azimuth; what is seen at all falls with
range, Pd(r) = best / (1 + (r / half)^6), and ends where bare ground hides the target.
"""

import math
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from watchline_sensors.contract import ObjectClass
from watchline_sensors.simulate.area import Area
from watchline_sensors.simulate.border import Plane
from watchline_sensors.simulate.onboard import OnboardTracker, TrackReport
from watchline_sensors.simulate.rain import Shower, showers
from watchline_sensors.simulate.scenario import RadarSpec, Scenario, SiteSpec
from watchline_sensors.simulate.table import TakenFor
from watchline_sensors.simulate.world import World

Floats = NDArray[np.float64]

#: Where half of all looks see a target of the class, unless the scenario says otherwise.
HALF_PD_RANGE_M = {
    ObjectClass.PERSON: 5_200.0,
    ObjectClass.GROUP: 6_200.0,
    ObjectClass.VEHICLE: 9_000.0,
    ObjectClass.ANIMAL: 4_800.0,
    ObjectClass.UNKNOWN: 5_200.0,
}
_TOP_M = {
    ObjectClass.PERSON: 1.4,
    ObjectClass.GROUP: 1.5,
    ObjectClass.VEHICLE: 2.0,
    ObjectClass.ANIMAL: 1.0,
    ObjectClass.UNKNOWN: 1.0,
}
#: What a classifier that errs says; a slip may by chance be right.
_WRONG = (ObjectClass.PERSON, ObjectClass.GROUP, ObjectClass.VEHICLE, ObjectClass.ANIMAL)
_LENGTH_M = {ObjectClass.VEHICLE: 5, ObjectClass.GROUP: 6}
_GROUP_SPREAD_M = 0.25  # per person of a group: the plot wanders between its members
_BUSH_SWAY_M = 1.5
_GUST_S = (23.0, 61.0, 7.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One sighting as the device measures it, azimuth from true north at the device.

    `cause` is a target's id, "bush …" or None for noise; it never goes on the wire.
    `object` is its true class, `said` what the radar's classifier holds it for. `track` is None
    while the radar's own tracker has not begun one.
    """

    t_s: float
    rho_m: float
    theta_deg: float
    cause: str | None
    object: ObjectClass | None = None
    said: ObjectClass | None = None
    track: TrackReport | None = None
    length_m: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of the antenna: plots in the order of time, and the track numbers given up."""

    number: int
    start_s: float
    plots: list[Plot]
    ended: list[int]


class Radar:
    """One radar of a scenario; call `turn(k)` for k = 0, 1, 2, … in order."""

    def __init__(
        self, scenario: Scenario, site: SiteSpec, spec: RadarSpec, area: Area, world: World
    ) -> None:
        self.spec = spec
        self._area, self._world = area, world
        self._seed = [scenario.seed, zlib.crc32(spec.id.encode())]
        self.xy_m = area.border.point(*site.at)
        lon, lat = area.plane.to_lon_lat(self.xy_m)
        self.lon_deg, self.lat_deg = float(lon), float(lat)
        self.antenna_m = float(area.terrain.height_at(*self.xy_m)) + spec.mast_m
        # A plane of its own: distances and azimuths from the radar are exact in it.
        self._plane = Plane(self.lon_deg, self.lat_deg)
        half = {**HALF_PD_RANGE_M, **spec.half_pd_range_m}
        targets = world.targets
        self._half_m = np.array([half[t.object] for t in targets])
        self._top_m = np.array([_TOP_M[t.object] for t in targets])
        self._spread_m = np.array(
            [_GROUP_SPREAD_M * t.size if t.object is ObjectClass.GROUP else 0.0 for t in targets]
        )
        self._bushes, self._bush_rate, self._bush_names, self._bush_taken_for = _bushes(
            scenario, area
        )
        self._showers = showers(scenario.rain, scenario.seed, scenario.duration_s, area.border)
        self._bush_place = self._polar(self._bushes)
        phases = np.random.default_rng(scenario.seed).uniform(0.0, 2.0 * math.pi, len(_GUST_S))
        self._gust_phases = phases
        self._tracker = OnboardTracker()

    def turn(self, number: int) -> Turn:
        """What the antenna sees in its turn `number`."""
        start_s = number * self.spec.rotation_s
        rng = np.random.default_rng([*self._seed, number])
        plots = [*self._targets(start_s, rng), *self._vegetation(start_s, rng)]
        plots += self._noise(start_s, rng)
        plots += self._rain(start_s, rng)
        plots.sort(key=lambda plot: plot.t_s)
        tracked = [self._tracked(plot, number) for plot in plots]
        return Turn(
            number=number, start_s=start_s, plots=tracked, ended=self._tracker.end_turn(number)
        )

    def _targets(self, start_s: float, rng: np.random.Generator) -> list[Plot]:
        targets, spec = self._world.targets, self.spec
        count = len(targets)
        luck, rho_error, theta_error = rng.random(count), *rng.standard_normal((2, count))
        judged, mistaken = rng.random(count), rng.integers(0, len(_WRONG), count)
        # All draw, so that who else is there changes nobody's luck; the rest is for those near.
        there = self._world.near(start_s, start_s + spec.rotation_s)
        if len(there) == 0:
            return []
        t = np.full(len(there), start_s + spec.rotation_s / 2)
        for _ in range(3):  # when the beam meets a target depends on where it is by then
            moment = self._world.at(t, there)
            rho, theta, _ = self._polar(moment.xy_m)
            t = start_s + theta / 360.0 * spec.rotation_s
        pd = spec.best_pd / (1.0 + (rho / self._half_m[there]) ** 6)
        for shower in self._raining(start_s):
            away = np.hypot(*(moment.xy_m - shower.middle(start_s)).T)
            pd = np.where(away <= shower.radius_m, pd * (1.0 - shower.loss), pd)
        within = (rho >= spec.min_range_m) & (rho <= spec.max_range_m)
        seen = np.flatnonzero(moment.present & within & (luck[there] < pd))
        clear = self._area.terrain.sees(
            self.xy_m, self.antenna_m, moment.xy_m[seen], self._top_m[there[seen]]
        )
        sigma = np.hypot(spec.rho_sigma_m, self._spread_m)
        return [
            Plot(
                t_s=float(t[k]),
                rho_m=max(0.0, float(rho[k] + sigma[n] * rho_error[n])),
                theta_deg=float(theta[k] + self._sigma_deg(n, rho[k]) * theta_error[n]) % 360.0,
                cause=self._world.name(int(n), float(t[k])),
                object=targets[n].object,
                said=self._judge(
                    targets[n].taken_for, targets[n].object, judged[n], int(mistaken[n])
                ),
                length_m=_LENGTH_M.get(targets[n].object, 1),
            )
            for k, n in zip(seen[clear], there[seen[clear]], strict=True)
        ]

    def _sigma_deg(self, target: int, rho_m: float) -> float:
        spread_deg = math.degrees(self._spread_m[target] / max(rho_m, 1.0))
        return math.hypot(self.spec.theta_sigma_deg, spread_deg)

    def _judge(
        self, taken_for: TakenFor, true: ObjectClass | None, luck: float, other: int
    ) -> ObjectClass | None:
        """What the classifier says, if there is one; "unknown" is what it leaves open."""
        if self.spec.right_class == 0.0:
            return None
        for kind, share in taken_for.items():
            if luck < share:
                return kind
            luck -= share
        if true is None or true is ObjectClass.UNKNOWN:
            return ObjectClass.UNKNOWN
        told = (1.0 - sum(taken_for.values())) * (1.0 - self.spec.left_open)
        if luck >= told:
            return ObjectClass.UNKNOWN
        return true if luck < self.spec.right_class * told else _WRONG[other]

    def _vegetation(self, start_s: float, rng: np.random.Generator) -> list[Plot]:
        count = len(self._bushes)
        luck, rho_error, theta_error = rng.random(count), *rng.standard_normal((2, count))
        rho, theta, _ = self._bush_place
        waves = np.sin(2 * np.pi * start_s / np.array(_GUST_S) + self._gust_phases)
        gust = float(np.clip(0.5 + waves.sum() / len(_GUST_S), 0.0, 1.0))
        spec = self.spec
        seen = (luck < self._bush_rate * gust) & (rho >= spec.min_range_m)
        seen &= rho <= spec.max_range_m
        sway_deg = np.degrees(_BUSH_SWAY_M / np.maximum(rho, 1.0))
        judged = rng.random(count) if any(self._bush_taken_for) else np.zeros(count)
        return [
            Plot(
                t_s=start_s + float(theta[n]) / 360.0 * spec.rotation_s,
                rho_m=float(rho[n] + math.hypot(spec.rho_sigma_m, _BUSH_SWAY_M) * rho_error[n]),
                theta_deg=float(
                    theta[n] + math.hypot(spec.theta_sigma_deg, sway_deg[n]) * theta_error[n]
                )
                % 360.0,
                cause=self._bush_names[n],
                said=self._judge(self._bush_taken_for[n], None, judged[n], 0),
            )
            for n in np.flatnonzero(seen)
        ]

    def _noise(self, start_s: float, rng: np.random.Generator) -> list[Plot]:
        spec = self.spec
        count = int(rng.poisson(spec.false_per_scan))
        low, high = spec.min_range_m**2, spec.max_range_m**2
        rho = np.sqrt(rng.uniform(low, high, count))  # even over the ground
        theta = rng.uniform(0.0, 360.0, count)
        return [
            Plot(
                t_s=start_s + float(angle) / 360.0 * spec.rotation_s,
                rho_m=float(r),
                theta_deg=float(angle),
                cause=None,
            )
            for r, angle in zip(rho, theta, strict=True)
        ]

    def _raining(self, t_s: float) -> list[Shower]:
        return [one for one in self._showers if one.start_s <= t_s < one.end_s]

    def _rain(self, start_s: float, rng: np.random.Generator) -> list[Plot]:
        spec = self.spec
        plots = []
        for shower in self._raining(start_s):
            count = int(rng.poisson(shower.false_per_scan))
            reach, way = (
                shower.radius_m * np.sqrt(rng.random(count)),
                rng.uniform(0, 2 * np.pi, count),
            )
            off = reach[:, None] * np.stack([np.sin(way), np.cos(way)], axis=-1)
            rho, theta, _ = self._polar(shower.middle(start_s) + off)
            plots += [
                Plot(
                    t_s=start_s + float(angle) / 360.0 * spec.rotation_s,
                    rho_m=float(r),
                    theta_deg=float(angle),
                    cause=None,
                )
                for r, angle in zip(rho, theta, strict=True)
                if spec.min_range_m <= r <= spec.max_range_m
            ]
        return plots

    def _tracked(self, plot: Plot, turn: int) -> Plot:
        if plot.cause is None:
            return plot
        angle = math.radians(plot.theta_deg)
        report = self._tracker.hit(
            plot.cause, turn, plot.t_s, plot.rho_m * math.sin(angle), plot.rho_m * math.cos(angle)
        )
        return Plot(
            t_s=plot.t_s,
            rho_m=plot.rho_m,
            theta_deg=plot.theta_deg,
            cause=plot.cause,
            object=plot.object,
            said=plot.said,
            track=report,
            length_m=plot.length_m,
        )

    def _polar(self, xy_m: Floats) -> tuple[Floats, Floats, Floats]:
        """(slant range, azimuth from true north, ground height) of points in the plane."""
        if len(xy_m) == 0:
            return np.zeros(0), np.zeros(0), np.zeros(0)
        lon_lat = self._area.plane.to_lon_lat(xy_m)
        own = self._plane.to_plane(lon_lat[:, 0], lon_lat[:, 1])
        ground = self._area.terrain.height_at(xy_m[:, 0], xy_m[:, 1])
        rho = np.sqrt((own**2).sum(axis=1) + (self.antenna_m - ground) ** 2)
        theta = np.degrees(np.arctan2(own[:, 0], own[:, 1])) % 360.0
        return rho, theta, ground


def _bushes(scenario: Scenario, area: Area) -> tuple[Floats, Floats, list[str], list[TakenFor]]:
    places: list[Floats] = []
    rates: list[float] = []
    names: list[str] = []
    taken_for: list[TakenFor] = []
    for spec in scenario.clutter:
        rng = np.random.default_rng([scenario.seed, zlib.crc32(spec.id.encode())])
        middle = area.border.point(*spec.at)
        reach = spec.radius_m * np.sqrt(rng.random(spec.bushes))
        angle = rng.uniform(0.0, 2.0 * math.pi, spec.bushes)
        places.append(middle + np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=-1))
        rates += [spec.rate] * spec.bushes
        names += [f"bush {spec.id} {n}" for n in range(spec.bushes)]
        taken_for += [spec.taken_for] * spec.bushes
    whole = np.concatenate(places) if places else np.zeros((0, 2))
    return whole, np.array(rates), names, taken_for
