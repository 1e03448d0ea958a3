from collections.abc import Sequence

from sensors.parts import heartbeat
from watchline_sensors.contract import Health, HealthState
from watchline_sensors.vitals import Pulse, Supervised

S = 1_000_000


class _Adapter:
    broken = False

    async def run(self, feed: object) -> None: ...

    def health(self, now_us: int) -> Sequence[Health]:
        if self.broken:
            raise ZeroDivisionError
        return [heartbeat(now_us, "radar-1", decoded=7), heartbeat(now_us, "radar-2")]


def _states(beats: Sequence[Health]) -> list[tuple[str, HealthState, str]]:
    return [(beat.sensor, beat.state, beat.code) for beat in beats]


def test_a_well_adapter_speaks_for_itself() -> None:
    one = Supervised(adapter=_Adapter())
    one.started(0)
    beats = one.beats(5, 0, None)
    assert [beat.state for beat in beats] == [HealthState.OK, HealthState.OK]
    assert beats[0].counters == {"decoded": 7, "restarts": 0}
    assert beats[0].at_us == 5


def test_a_crash_outranks_it_until_it_has_run_for_five_seconds() -> None:
    one = Supervised(adapter=_Adapter())
    one.started(0)
    one.failed("adapter.port_unavailable")
    assert _states(one.beats(5, 9 * S, "spool.full"))[0] == (
        "radar-1",
        HealthState.FAILED,
        "adapter.port_unavailable",
    )
    one.started(10 * S)
    assert one.beats(5, 14 * S, None)[1].state is HealthState.FAILED
    well = one.beats(5, 15 * S, None)[1]
    assert (well.state, well.counters["restarts"]) == (HealthState.OK, 1)


def test_what_ails_the_edge_degrades_its_sensors() -> None:
    one = Supervised(adapter=_Adapter())
    assert _states(one.beats(5, 0, "spool.full")) == [
        ("radar-1", HealthState.DEGRADED, "spool.full"),
        ("radar-2", HealthState.DEGRADED, "spool.full"),
    ]


def test_an_adapter_that_cannot_tell_its_health_has_failed() -> None:
    one = Supervised(adapter=_Adapter())
    one.beats(1, 0, None)
    one.adapter.broken = True
    assert _states(one.beats(5, 0, None)) == [
        ("radar-1", HealthState.FAILED, "adapter.health_failed"),
        ("radar-2", HealthState.FAILED, "adapter.health_failed"),
    ]


def test_a_code_of_any_length_fits() -> None:
    one = Supervised(adapter=_Adapter())
    one.failed("x" * 500)
    assert one.beats(1, 0, None)[0].defect() is None


def test_all_beat_each_ten_seconds_and_changes_at_once() -> None:
    one = Supervised(adapter=_Adapter())
    pulse = Pulse()
    assert len(pulse.due(one.beats(1, 0, None), 0)) == 2
    assert pulse.due(one.beats(1, 1 * S, None), 1 * S) == []
    assert len(pulse.due(one.beats(1, 2 * S, "spool.full"), 2 * S)) == 2
    assert pulse.due(one.beats(1, 3 * S, "spool.full"), 3 * S) == []
    assert len(pulse.due(one.beats(1, 4 * S, None), 4 * S)) == 2
    assert len(pulse.due(one.beats(1, 10 * S, None), 10 * S)) == 2
