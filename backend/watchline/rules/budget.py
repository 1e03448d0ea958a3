"""How much a sector's geofences and rules may cost, asked before anything is compiled."""

from collections.abc import Sequence
from typing import NamedTuple

from watchline.errors import RuleInvalid
from watchline.geofences.model import Geofence
from watchline.rules.model import Rule

MAX_RULES = 20_000
#: Ten times the design load of 1,000 geofences at the 170 corners that drawn outlines have.
MAX_CORNERS = 1_700_000


class Cost(NamedTuple):
    """What a set of rules takes."""

    rules: int = 0
    corners: int = 0

    def plus(self, other: "Cost") -> "Cost":
        """Both together."""
        return Cost(*(a + b for a, b in zip(self, other, strict=True)))


BUDGET = Cost(MAX_RULES, MAX_CORNERS)


def require(cost: Cost) -> None:
    """Raise RuleInvalid (`reason` over_budget, `of`, `cost`, `most`) beyond the budget."""
    for of, spent, most in zip(Cost._fields, cost, BUDGET, strict=True):
        if spent > most:
            raise RuleInvalid(reason="over_budget", of=of, cost=spent, most=most)


def within(
    geofences: Sequence[Geofence], rules: Sequence[Rule]
) -> tuple[list[Rule], list[RuleInvalid]]:
    """(the rules that fit, in their order, why the others do not)."""
    corners = {geofence.id: sum(map(len, geofence.rings)) for geofence in geofences}
    watched = {rule.geofence_id for rule in rules}
    whole = Cost(len(rules), sum(corners.get(id, 0) for id in watched))
    if all(spent <= most for spent, most in zip(whole, BUDGET, strict=True)):
        return list(rules), []
    spent, kept, refused = Cost(), [], []
    for rule in rules:
        after = spent.plus(Cost(1, corners.get(rule.geofence_id, 0)))
        try:
            require(after)
        except RuleInvalid as error:
            refused.append(RuleInvalid(**error.params, id=rule.id))
            continue
        corners[rule.geofence_id] = 0  # paid once
        spent = after
        kept.append(rule)
    return kept, refused
