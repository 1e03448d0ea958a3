"""What the rule engine remembers between two steps, in packed arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from watchline.rules.events import Mark
from watchline.rules.model import AirReading, Finding

#: A geofence by (id, version).
Key = tuple[str, int]

#: Each live track's last judged plot: where the next piece of its path begins.
TRACK = np.dtype(
    [
        ("id_a", "<u8"),
        ("id_b", "<u8"),
        ("at_us", "<i8"),
        ("x_m", "<f8"),
        ("y_m", "<f8"),
        ("var_x_m2", "<f4"),
        ("cov_xy_m2", "<f4"),
        ("var_y_m2", "<f4"),
    ]
)
#: A track inside an area, or that has left it but is not beyond doubt outside; no row means out,
#: or not known. `sure`: it has been beyond doubt inside. `edited`: the area's version has changed
#: since the track was judged against it.
MEMBER = np.dtype(
    [
        ("track", "<i4"),
        ("area", "<i4"),
        ("since_us", "<i8"),
        ("edited", "u1"),
        ("inside", "u1"),
        ("sure", "u1"),
    ]
)
#: A track near a line: not yet clearly on one side since it came near. `side` 1 left, −1 right,
#: 0 not known, with the last confident state there; `sure`: that side is beyond doubt. Then
#: the cuts since that state, `net` those to the right less those to the left, and the last
#: one from left to right (`lr_`) and back (`rl_`).
BESIDE = np.dtype(
    [
        ("track", "<i4"),
        ("line", "<i4"),
        ("side", "i1"),
        ("sure", "u1"),
        ("at_us", "<i8"),
        ("x_m", "<f8"),
        ("y_m", "<f8"),
        ("var_x_m2", "<f4"),
        ("cov_xy_m2", "<f4"),
        ("var_y_m2", "<f4"),
        ("z", "<f8"),
        ("cuts", "<i4"),
        ("net", "<i4"),
        ("lr_segment", "<i4"),
        ("lr_at_us", "<i8"),
        ("lr_x_m", "<f8"),
        ("lr_y_m", "<f8"),
        ("rl_segment", "<i4"),
        ("rl_at_us", "<i8"),
        ("rl_x_m", "<f8"),
        ("rl_y_m", "<f8"),
    ]
)
#: A condition that is watched of a track (see watching.py): `state` 0 not holding, 1 holding, 2
#: told; `ok_us` since when its plots are good enough, −1 they are not; where it began to stay.
WATCH = np.dtype(
    [
        ("track", "<i4"),
        ("rule", "<i4"),
        ("since_us", "<i8"),
        ("ok_us", "<i8"),
        ("x_m", "<f8"),
        ("y_m", "<f8"),
        ("value", "<f8"),
        ("other", "<i8"),
        ("unit", "<i4"),
        ("state", "u1"),
        ("fresh", "u1"),
    ]
)
#: What a finding that is told without a plot says of a watched track's last one.
SEEN = np.dtype(
    [
        ("track", "<i4"),
        ("no", "<i8"),
        ("hits", "<i4"),
        ("sensors", "<i4", (8,)),
        ("vx_mps", "<f8"),
        ("vy_mps", "<f8"),
    ]
)
#: Where a unit was; `unit` counts RuleState.units.
FIX = np.dtype(
    [
        ("unit", "<i4"),
        ("at_us", "<i8"),
        ("x_m", "<f8"),
        ("y_m", "<f8"),
        ("sigma_m", "<f8"),
        ("vx_mps", "<f8"),
        ("vy_mps", "<f8"),
    ]
)
#: A track near a unit's fresh position: the log odds that it is the unit, and its probability
#: against the other tracks there.
FRIEND = np.dtype(
    [("track", "<i4"), ("unit", "<i4"), ("at_us", "<i8"), ("score", "<f8"), ("p", "<f8")]
)
_FORM = 2


class StateUnreadable(ValueError):
    """The packed rule state is not of this form; code `rules.state_unreadable`."""

    code = "rules.state_unreadable"


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """A finding whose track is not good enough yet (see qualify.py)."""

    until_us: int
    finding: Finding


class Subject(msgspec.Struct, frozen=True, array_like=True):
    """Whose absence a rule waits for: seen last, for how long that counts, whether it was told."""

    name: str
    last_us: int
    limit_us: int
    told: bool


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    form: int
    areas: list[Key]
    lines: list[Key]
    watches: list[str]
    units: list[str]
    marks: dict[str, tuple[Mark, ...]]
    subjects: dict[str, tuple[Subject, ...]]
    waiting: tuple[Waiting, ...]
    air: tuple[AirReading, ...]
    rows: dict[str, bytes]


_ROWS = {
    "tracks": TRACK,
    "members": MEMBER,
    "beside": BESIDE,
    "watch": WATCH,
    "seen": SEEN,
    "fixes": FIX,
    "friends": FRIEND,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """Never changed in place: a step makes a new one.

    `members.area` and `beside.line` count `areas` and `lines`, `watch.rule` counts `watches` (rule
    ids), `fixes.unit` counts `units`; `track` counts `tracks`. Tracks stand in the order of their
    first plot; the rows of each follow it. `marks` and `subjects` are by rule id.
    """

    tracks: NDArray[Any]
    members: NDArray[Any]
    beside: NDArray[Any]
    watch: NDArray[Any]
    seen: NDArray[Any]
    fixes: NDArray[Any]
    friends: NDArray[Any]
    areas: tuple[Key, ...] = ()
    lines: tuple[Key, ...] = ()
    watches: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    marks: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)
    subjects: Mapping[str, tuple[Subject, ...]] = field(default_factory=dict)
    waiting: tuple[Waiting, ...] = ()
    air: tuple[AirReading, ...] = ()

    @classmethod
    def empty(cls) -> "RuleState":
        """Nothing known."""
        rows: dict[str, Any] = {name: np.zeros(0, dtype) for name, dtype in _ROWS.items()}
        return cls(**rows)

    def pack(self) -> bytes:
        """The state as bytes; geofences and rules that no row names are left out."""
        rows = {name: getattr(self, name) for name in _ROWS}
        names = {}
        for name, column, of in (
            ("members", "area", "areas"),
            ("beside", "line", "lines"),
            ("watch", "rule", "watches"),
        ):
            used, index = np.unique(rows[name][column], return_inverse=True)
            rows[name] = rows[name].copy()
            rows[name][column] = index
            names[of] = [getattr(self, of)[k] for k in used]
        return msgspec.msgpack.encode(
            _Packed(
                form=_FORM,
                **names,
                units=list(self.units),
                marks=dict(sorted(self.marks.items())),
                subjects=dict(sorted(self.subjects.items())),
                waiting=self.waiting,
                air=self.air,
                rows={name: table.tobytes() for name, table in rows.items()},
            )
        )

    @classmethod
    def unpack(cls, data: bytes) -> "RuleState":
        """The inverse of `pack`; raises StateUnreadable."""
        try:
            packed = msgspec.msgpack.decode(data, type=_Packed)
            if packed.form != _FORM:
                raise StateUnreadable(packed.form)
            rows: dict[str, Any] = {
                name: np.frombuffer(packed.rows[name], dtype).copy()
                for name, dtype in _ROWS.items()
            }
            return cls(
                areas=tuple(packed.areas),
                lines=tuple(packed.lines),
                watches=tuple(packed.watches),
                units=tuple(packed.units),
                marks=packed.marks,
                subjects=packed.subjects,
                waiting=packed.waiting,
                air=packed.air,
                **rows,
            )
        except (msgspec.DecodeError, KeyError, ValueError) as error:
            raise StateUnreadable from error
