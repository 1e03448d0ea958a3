"""How a source fares, judged from its books: pure."""

from watchline_sensors.adapters.asterix.intake import Books
from watchline_sensors.contract import Health, HealthState

_RECENT_US = 60_000_000
_SKEW_US = 5_000_000


def health(books: Books, now_us: int, *, live: bool) -> Health:
    """A heartbeat: the worst that holds, with every counter.

    `live`: the source is heard now, so that silence and a clock far off are faults; a replayed
    file has neither.
    """
    state, code = _judge(books, now_us, live)
    return Health(
        sensor=books.device.sensor,
        at_us=now_us,
        state=state,
        code=code,
        counters=dict(books.counts),
    )


def _judge(books: Books, now_us: int, live: bool) -> tuple[HealthState, str]:
    silent_us = books.device.options.silent_s * 1e6
    if live and books.heard_us is None:
        return HealthState.FAILED, "asterix.not_heard"
    if live and books.heard_us is not None and now_us - books.heard_us > silent_us:
        return HealthState.FAILED, "asterix.silent"
    state = books.state
    if state is not None:
        if state.nogo == 2:
            return HealthState.FAILED, "asterix.nogo"
        if state.nogo:
            return HealthState.DEGRADED, "asterix.degraded"
        if state.time_invalid:
            return HealthState.DEGRADED, "asterix.time_source_invalid"
        if state.overloaded:
            return HealthState.DEGRADED, "asterix.overloaded"
    if any(books.conditions.values()):
        return HealthState.DEGRADED, "asterix.sensor_down"
    if live and abs(books.skew_us) > _SKEW_US:
        return HealthState.DEGRADED, "asterix.clock_off"
    if books.bad_us is not None and now_us - books.bad_us < _RECENT_US:
        return HealthState.DEGRADED, "asterix.bad_input"
    return HealthState.OK, "health.ok"
