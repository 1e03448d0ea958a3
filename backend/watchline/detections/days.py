"""The days under which detections can be stored now. Pure."""

from dataclasses import dataclass

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The partitions that were made around `today_us` (µs, midnight UTC): yesterday and `ahead`."""

    today_us: int
    ahead: int

    def hold(self, now_us: int) -> bool:
        """Whether a row known at `now_us` has a partition.

        >>> days = Days(today_us=10 * DAY_US, ahead=7)
        >>> days.hold(9 * DAY_US), days.hold(18 * DAY_US - 1), days.hold(18 * DAY_US), days.hold(0)
        (True, True, False, False)
        """
        from_us = self.today_us - DAY_US
        return from_us <= now_us < self.today_us + (self.ahead + 1) * DAY_US

    def known_us(self, now_us: int) -> int:
        """`now_us`, or the start of today if it has no partition: no clock may stop a sector.

        >>> days = Days(today_us=10 * DAY_US, ahead=7)
        >>> days.known_us(10 * DAY_US + 5) == 10 * DAY_US + 5, days.known_us(0) == 10 * DAY_US
        (True, True)
        """
        return now_us if self.hold(now_us) else self.today_us
