"""What a CAT065 record says: how a tracker and its service fare, editions 1.4 to 1.6."""

from watchline_sensors.adapters.asterix.reader import Refused, Values
from watchline_sensors.adapters.asterix.reports import Report, ServiceMessage, Source, SystemState

_KINDS = {1: "status", 2: "end_of_batch", 3: "service_status"}


def report(source: Source, tod_128: int, values: Values) -> Report:
    """By its message type; raises Refused: `asterix.message_type_invalid`."""
    kind = _KINDS.get(values.get("000", 0))
    if kind is None:
        raise Refused("asterix.message_type_invalid")
    system = values.get("040")
    return ServiceMessage(
        source=source,
        tod_128=tod_128,
        kind=kind,
        state=None if system is None else _state(system),
    )


def _state(system: int) -> SystemState:
    """I065/040."""
    return SystemState(
        nogo=system >> 6, overloaded=bool(system & 0x20), time_invalid=bool(system & 0x10)
    )
