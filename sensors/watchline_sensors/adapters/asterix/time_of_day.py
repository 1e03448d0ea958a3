"""From a time of day without a date to an instant."""

from watchline_sensors.adapters.asterix.reports import DAY_TICKS

DAY_US = 86_400_000_000
_HALF_DAY_US = DAY_US // 2


def nearest_instant_us(tod_128: int, reference_us: int) -> int:
    """The instant with this UTC time of day that lies nearest to the reference.

    `tod_128` counts 1/128 s since midnight (7,812.5 µs each; half a µs is dropped), the
    reference and the result are µs since 1970. A packet from before midnight that arrives
    after it is given the day before; one stamped slightly in the future across midnight the
    day after. Right as long as the reference is within 12 h of the truth. Never before 1970, where
    a clock without a battery starts: a detection cannot be stamped so.

    >>> nearest_instant_us(86_399 * 128, 5 * 86_400_000_000 + 1_000_000)
    431999000000
    >>> nearest_instant_us(86_399 * 128, 300_000_000)
    86399000000
    """
    if not 0 <= tod_128 < DAY_TICKS:
        raise ValueError(f"time of day {tod_128} is outside the day")
    since_midnight_us = tod_128 * 15_625 // 2
    ahead_us = (since_midnight_us - reference_us) % DAY_US
    instant_us = reference_us + (ahead_us if ahead_us < _HALF_DAY_US else ahead_us - DAY_US)
    return instant_us if instant_us >= 0 else instant_us + DAY_US
