"""The radar's own tracker: which plots carry a track number, and with what velocity.

Real surface radars number what they have seen often enough and give a number up after a
while. Association is taken from the truth (a plot knows what caused it); numbers, life and
velocity are a tracker's: 3 hits within 5 turns begin a track, 5 missed turns end it, and an
alpha-beta filter over the noisy plots gives the velocity, which begins with that between the
first two.
"""

from dataclasses import dataclass, field

_BEGIN_HITS = 3
_BEGIN_TURNS = 5
_END_MISSES = 5
_ALPHA, _BETA = 0.5, 0.2
_HIGHEST = 4095


@dataclass(slots=True)
class _Life:
    hits: list[int]  # the turns of the latest hits
    number: int | None
    t_s: float
    x_m: float
    y_m: float
    vx_mps: float = 0.0
    vy_mps: float = 0.0
    second: bool = True  # whether the next hit is the second


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackReport:
    """What the radar says of a plot's track."""

    number: int
    vx_mps: float
    vy_mps: float


@dataclass(slots=True)
class OnboardTracker:
    """Feed it every turn in order; numbers 1 to 4095 are given out in turn."""

    _lives: dict[str, _Life] = field(default_factory=dict)
    _last: int = 0

    def hit(self, cause: str, turn: int, t_s: float, x_m: float, y_m: float) -> TrackReport | None:
        """A plot in this turn; None while its track has not begun."""
        life = self._lives.get(cause)
        if life is None:
            self._lives[cause] = _Life([turn], None, t_s, x_m, y_m)
            return None
        elapsed_s = max(t_s - life.t_s, 1e-3)
        off_x = x_m - (life.x_m + life.vx_mps * elapsed_s)
        off_y = y_m - (life.y_m + life.vy_mps * elapsed_s)
        alpha, beta = (1.0, 1.0) if life.second else (_ALPHA, _BETA)
        life.second = False
        life.x_m = x_m - (1 - alpha) * off_x
        life.y_m = y_m - (1 - alpha) * off_y
        life.vx_mps += beta * off_x / elapsed_s
        life.vy_mps += beta * off_y / elapsed_s
        life.t_s = t_s
        life.hits = [h for h in life.hits if turn - h < _BEGIN_TURNS] + [turn]
        if life.number is None:
            if len(life.hits) < _BEGIN_HITS:
                return None
            life.number = self._next_number()
        return TrackReport(number=life.number, vx_mps=life.vx_mps, vy_mps=life.vy_mps)

    def end_turn(self, turn: int) -> list[int]:
        """Forget what was not seen for 5 turns; returns the track numbers given up."""
        old = [c for c, life in self._lives.items() if turn - life.hits[-1] >= _END_MISSES]
        ended = [self._lives.pop(cause).number for cause in old]
        return [number for number in ended if number is not None]

    def _next_number(self) -> int:
        taken = {life.number for life in self._lives.values()}
        for _ in range(_HIGHEST):
            self._last = self._last % _HIGHEST + 1
            if self._last not in taken:
                break
        return self._last
