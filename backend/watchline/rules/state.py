"""What the rule engine remembers between two steps, in packed arrays."""

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

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
#: A track inside an area; no row means out, or not known. `edited`: the area's version has
#: changed since the track was judged against it.
MEMBER = np.dtype([("track", "<i4"), ("area", "<i4"), ("since_us", "<i8"), ("edited", "u1")])
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
_FORM = 1


class StateUnreadable(ValueError):
    """The packed rule state is not of this form; code `rules.state_unreadable`."""

    code = "rules.state_unreadable"


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    form: int
    areas: list[Key]
    lines: list[Key]
    tracks: bytes
    members: bytes
    beside: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """Never changed in place: a step makes a new one.

    `members.area` and `beside.line` count `areas` and `lines`; `track` counts `tracks`.
    Tracks stand in the order of their first plot; `members` and `beside` follow it.
    """

    areas: tuple[Key, ...]
    lines: tuple[Key, ...]
    tracks: NDArray[Any]
    members: NDArray[Any]
    beside: NDArray[Any]

    @classmethod
    def empty(cls) -> "RuleState":
        """Nothing known."""
        return cls(
            areas=(),
            lines=(),
            tracks=np.zeros(0, TRACK),
            members=np.zeros(0, MEMBER),
            beside=np.zeros(0, BESIDE),
        )

    def pack(self) -> bytes:
        """The state as bytes; geofences that no row names are left out."""
        used_areas, area = np.unique(self.members["area"], return_inverse=True)
        used_lines, line = np.unique(self.beside["line"], return_inverse=True)
        members, beside = self.members.copy(), self.beside.copy()
        members["area"], beside["line"] = area, line
        return msgspec.msgpack.encode(
            _Packed(
                form=_FORM,
                areas=[self.areas[k] for k in used_areas],
                lines=[self.lines[k] for k in used_lines],
                tracks=self.tracks.tobytes(),
                members=members.tobytes(),
                beside=beside.tobytes(),
            )
        )

    @classmethod
    def unpack(cls, data: bytes) -> "RuleState":
        """The inverse of `pack`; raises StateUnreadable."""
        try:
            packed = msgspec.msgpack.decode(data, type=_Packed)
            if packed.form != _FORM:
                raise StateUnreadable(packed.form)
            return cls(
                areas=tuple(packed.areas),
                lines=tuple(packed.lines),
                tracks=np.frombuffer(packed.tracks, TRACK).copy(),
                members=np.frombuffer(packed.members, MEMBER).copy(),
                beside=np.frombuffer(packed.beside, BESIDE).copy(),
            )
        except (msgspec.DecodeError, ValueError) as error:
            raise StateUnreadable from error
