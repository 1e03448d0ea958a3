"""What a person may do to an incident, as a table."""

import pytest

from watchline.errors import IncidentWrongStatus
from watchline.incidents.transitions import Status, Verb, after

ALLOWED = {
    ("new", "acknowledge"): "acknowledged",
    ("new", "resolve"): "resolved",
    ("acknowledged", "resolve"): "resolved",
    ("resolved", "reopen"): "acknowledged",
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("verb", Verb)
def test_the_table_and_nothing_else(status, verb):
    following = ALLOWED.get((status.value, verb.value))
    if following is not None:
        assert after(status, verb) == following
        return
    with pytest.raises(IncidentWrongStatus) as refused:
        after(status, verb)
    assert refused.value.params == {"status": status.value}
    assert (refused.value.status, refused.value.code) == (409, "incident.wrong_status")
