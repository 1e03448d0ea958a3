"""The bytes on the stream, and the reading of ids that come back."""

import json

from hypothesis import given
from hypothesis import strategies as st

from watchline.live import events
from watchline.live.model import Frame
from watchline.live.picture import Change, Picture


def parse(data: bytes) -> list[tuple[str, str | None, dict]]:
    """What an EventSource makes of it: (event, id, data)."""
    told = []
    for block in data.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "data" in fields:
            told.append((fields["event"], fields.get("id"), json.loads(fields["data"])))
    return told


def test_alarms_come_first_and_only_the_last_event_has_the_id():
    picture = Picture(sector="north:1")
    picture.apply(Frame(sector="north:1", epoch=3, rev=9, at_us=5))
    picture.apply_record(8, incidents=[], sensors=[], geofence_rev=0)
    change = Change(
        up=[(1,) * 12], gone=[2], incidents=[{"id": 1}], sensors=[{"id": "a"}], geofences=True
    )
    told = parse(events.delta(picture, change))
    assert [(kind, id) for kind, id, _ in told] == [
        ("incidents", None),
        ("sensors", None),
        ("geofences", None),
        ("tracks", "north:1:3:8"),
    ]
    assert told[3][2] == {"rev": 8, "at_us": 5, "up": [[1] * 12], "gone": [2]}
    assert events.delta(picture, Change()) == b""
    assert events.read_id("north:1:3:8", "north:1") == (3, 8)


@given(st.text(max_size=40))
def test_no_id_from_outside_breaks_anything(text):
    assert events.read_id(text, "s") is None or text.startswith("s:")
    for id in (f"s:{text}", f"s:1:{text}", f"s:{text}:1"):
        found = events.read_id(id, "s")
        assert found is None or all(0 <= number < 10**18 for number in found)
