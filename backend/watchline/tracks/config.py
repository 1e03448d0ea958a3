"""What the tracker assumes about targets, sensors and clutter."""

from dataclasses import dataclass
from functools import lru_cache
from math import log, pi, sqrt
from typing import NamedTuple

#: The tracker works slot by slot of `at`; batches are cut only where a slot ends. It bounds
#: how far two plots of one step may stand out of order: 3 m at 60 m/s.
SLOT_US = 50_000
#: Plots of one sensor with no longer pause between them are one look, in which a target is
#: seen at most once: the frames of a 60 Hz camera are apart, and a turning radar's pauses
#: of this length are far wider than any gate.
LOOK_GAP_US = 8_000
#: How often tracks are compared with each other for being the same target.
MERGE_US = 1_000_000
#: Candidates kept per plot, best first: bounds time and memory in a crowd of tracks.
CANDIDATES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerConfig:
    """Assumptions, with defaults for people, vehicles and animals on open ground."""

    #: Spectral density of the white-noise acceleration, m²/s³: after 8 s a velocity is
    #: uncertain by 2 m/s per axis, a walker who turns or a car that brakes gently.
    process_noise_m2ps3: float = 0.5
    #: Share of a target's plots that fall inside its gate; the rest ends or doubles tracks,
    #: so it is small, and a plot that fits worse than clutter is refused anyway.
    gate_probability: float = 0.9999
    #: Chance that a look shows a target that is there.
    detection_probability: float = 0.9
    #: The same of one that was lost: not seen for longer than `start_gap_s` and for N - M + 0.5 of
    #: its own turns. It stands behind something or is gone, and a plot far from where it would be
    #: is rather somebody else's, or a bush's. Chosen of 0.9, 0.1, 0.03 and 0.01 (ADR 11).
    found_again_probability: float = 0.03
    #: False plots and new targets per m² and look; a pairing must be likelier than these.
    #: 1e-6 is ten false plots a look on 10 km².
    clutter_per_m2: float = 1e-6
    #: Out to this distance the clutter above stands behind a bearing without a range.
    bearing_reach_m: float = 5000.0
    #: M of N: a track starts with M plots, and no more than N - M looks missed in a row.
    start_hits: int = 3
    start_looks: int = 5
    #: Summed log likelihood ratio against clutter that a start needs; three plots with
    #: sigma 5 m at 1 s reach 16, three accidental ones seldom 14.
    start_score: float = 14.0
    #: So many plots start a track whatever the score: imprecise sensors never reach it.
    start_hits_enough: int = 6
    #: Speed at three sigma of the velocity that a first plot is given.
    start_speed_mps: float = 60.0
    #: A second plot must come within this time; the longest revisit of slow radars, twice.
    start_gap_s: float = 6.0
    #: Plots less certain than this along their longer axis found no track.
    start_sigma_m: float = 500.0
    #: A confirmed track coasts after N - M + 1.5 times its own revisit time without a plot, but
    #: not before `coast_s` nor after `coast_most_s`.
    coast_s: float = 4.0
    coast_most_s: float = 30.0
    #: It ends after `end_s`, or twice the coasting time if that is longer.
    end_s: float = 20.0
    #: Comparisons in a row in which two tracks look like one target before the younger ends.
    merge_hits: int = 5
    #: What is left of class evidence after each further plot that tells a class: an
    #: effective memory of 50 plots.
    class_memory: float = 0.98
    #: Tracks of all kinds in memory; three times the design load of 2,000.
    max_tracks: int = 8192


class Limits(NamedTuple):
    """The numbers that the compiled code works with, derived from a TrackerConfig."""

    noise: float
    gate: float
    merge_gate: float
    velocity_gate: float
    base_cost: float
    bearing_cost: float
    lost_cost: float
    start_hits: int
    start_hits_enough: int
    start_score: float
    start_speed: float
    start_gap_us: int
    start_var: float
    looks: float
    coast_us: int
    coast_most_us: int
    end_us: int
    merge_hits: int
    class_memory: float
    max_tracks: int


@lru_cache(maxsize=8)
def limits(config: TrackerConfig) -> Limits:
    """Derive them. Chi-square quantiles: 2 degrees of freedom have the closed form −2 ln(1−p);
    the 4-degree quantile of 0.95 (9.488, any statistics table) is the test for merging.
    """
    chance, again = config.detection_probability, config.found_again_probability
    return Limits(
        noise=config.process_noise_m2ps3,
        gate=-2.0 * log(1.0 - config.gate_probability),
        merge_gate=9.488,
        # Told velocities are a device's own filter's and lag when it begins or the target turns:
        # one that contradicts the places (2 degrees of freedom, 0.95) is left out.
        velocity_gate=-2.0 * log(1.0 - 0.95),
        # −2 ln of the likelihood ratio of "this track's plot" to "clutter or new" is
        # d² + ln|S| − base_cost (Blackman & Popoli 1999, ch. 6).
        base_cost=2.0 * log(chance / ((1.0 - chance) * config.clutter_per_m2 * 2.0 * pi)),
        # The same in one dimension, with the density of clutter per radian: that of the sector
        # of a circle, reach²/2 m² per radian.
        bearing_cost=2.0
        * log(
            chance
            / ((1.0 - chance) * config.clutter_per_m2 * config.bearing_reach_m**2 / 2.0)
            / sqrt(2.0 * pi)
        ),
        # The chances of being seen, in both of these, when the target has been lost.
        lost_cost=2.0 * log(chance / (1.0 - chance) * (1.0 - again) / again),
        start_hits=config.start_hits,
        start_hits_enough=max(config.start_hits_enough, config.start_hits),
        start_score=config.start_score,
        start_speed=config.start_speed_mps,
        start_gap_us=int(config.start_gap_s * 1e6),
        start_var=config.start_sigma_m**2,
        looks=config.start_looks - config.start_hits + 1.5,
        coast_us=int(config.coast_s * 1e6),
        coast_most_us=int(config.coast_most_s * 1e6),
        end_us=int(config.end_s * 1e6),
        merge_hits=config.merge_hits,
        class_memory=config.class_memory,
        max_tracks=config.max_tracks,
    )
