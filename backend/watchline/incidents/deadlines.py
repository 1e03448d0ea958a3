"""How long an alarm may wait for a person, and how long one may be put off. Pure."""

from watchline.rules.model import Severity

#: Seconds until somebody must have acknowledged. Our choice: a coordinator looks up at least each
#: three minutes for what is serious; a patrol's shift decides what `low` means.
_ACKNOWLEDGE_S = {
    Severity.VERY_HIGH: 90,
    Severity.HIGH: 180,
    Severity.MEDIUM: 600,
    Severity.LOW: 1800,
}
_LIFE_AT_RISK_S = 60

#: Nothing sleeps longer than a shift, and life at risk no longer than a quarter of an hour.
LONGEST_SNOOZE_S = 8 * 3600
LONGEST_SNOOZE_OF_LIFE_S = 15 * 60


def acknowledge_s(severity: Severity, life_at_risk: bool) -> int:
    """Seconds within which an alarm has to be acknowledged.

    >>> acknowledge_s(Severity.LOW, False), acknowledge_s(Severity.LOW, True)
    (1800, 60)
    """
    return _LIFE_AT_RISK_S if life_at_risk else _ACKNOWLEDGE_S[severity]


def longest_snooze_s(life_at_risk: bool) -> int:
    """The most seconds that an incident may sleep."""
    return LONGEST_SNOOZE_OF_LIFE_S if life_at_risk else LONGEST_SNOOZE_S
