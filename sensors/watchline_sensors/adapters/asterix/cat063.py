"""What a CAT063 record says: how one of a tracker's sensors fares, editions 1.6 and 1.7."""

from watchline_sensors.adapters.asterix.reader import Refused, Values
from watchline_sensors.adapters.asterix.reports import Report, Source


class SensorStatus(Report, frozen=True, kw_only=True, gc=False):
    """The tracker's view of one sensor.

    `condition` (CON of I063/060): 0 operational, 1 degraded, 2 starting, 3 not connected; None
    where the record does not tell.
    """

    sensor: Source
    condition: int | None


def report(source: Source, tod_128: int, values: Values) -> SensorStatus:
    """Raises Refused: `asterix.item_missing`."""
    try:
        sensor = (values["050.SAC"], values["050.SIC"])
    except KeyError:
        raise Refused("asterix.item_missing") from None
    status = values.get("060")
    return SensorStatus(
        source=source,
        tod_128=tod_128,
        sensor=sensor,
        condition=None if status is None else status[0] >> 6,
    )
