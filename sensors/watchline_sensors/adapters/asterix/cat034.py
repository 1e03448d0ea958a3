"""What a CAT034 service message of a radar says, editions 1.27 to 1.29.

The messages go with the radar's CAT048 target reports: the antenna passed north or a sector,
and how the radar fares (I034/050).
"""

from watchline_sensors.adapters.asterix.reader import Refused, Values
from watchline_sensors.adapters.asterix.reports import Report, ServiceMessage, Source, SystemState

_KINDS = {1: "start_of_cycle", 2: "sector_crossing"}
_LAST_TYPE = 7  # the others tell of filters, jamming and storms; they are counted together


def report(source: Source, tod_128: int, values: Values) -> Report:
    """By its message type; raises Refused: `asterix.message_type_invalid`."""
    number = values.get("000", 0)
    if not 1 <= number <= _LAST_TYPE:
        raise Refused("asterix.message_type_invalid")
    common = values.get("050.COM")
    return ServiceMessage(
        source=source,
        tod_128=tod_128,
        kind=_KINDS.get(number, "other"),
        state=None if common is None else _state(common),
    )


def _state(common: int) -> SystemState:
    """I034/050 COM: NOGO is a single bit here; both overloads count as one."""
    return SystemState(
        nogo=2 if common & 0x80 else 0,
        overloaded=bool(common & 0x18),
        time_invalid=bool(common & 0x02),
    )
