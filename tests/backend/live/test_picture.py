"""The hub's picture: whatever a screen has seen, what it is sent makes it equal to the whole."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from watchline.live import picture as module
from watchline.live.model import Frame, Pulse
from watchline.live.picture import Change, Picture

NOTHING = Change(up=[], gone=[], incidents=[], sensors=[])
PULSE = Pulse(
    at_us=1,
    detections_per_s=0.0,
    lag_ms=0.0,
    backlog=0,
    edges_connected=0,
    edges_total=0,
    sensors_ok=0,
    sensors_total=0,
)


def row(no: int, at_ms: int = 0) -> Any:
    return (no, 24.0, 50.5, 1.0, 0.0, 1.0, 0.0, 0.0, 1, 0, 90, at_ms)


def frame(rev: int, *up: Any, gone: tuple[int, ...] = (), epoch: int = 1, **more: Any) -> Frame:
    return Frame(sector="s", epoch=epoch, rev=rev, at_us=rev, up=list(up), gone=list(gone), **more)


def incident(no: int, rev: int, status: str = "new") -> dict[str, Any]:
    return {"id": no, "rev": rev, "status": status}


def record(picture: Picture, rev: int, *incidents: Any, sensors: Any = (), geofence_rev: int = 0):
    return picture.apply_record(
        rev, incidents=incidents, sensors=sensors, geofence_rev=geofence_rev
    )


class Screen:
    """What a browser makes of it."""

    def __init__(self, picture: Picture) -> None:
        self.tracks = {row[0]: row for row in picture.tracks.values()}
        self.incidents = {view["id"]: view for view in picture.incidents.values()}
        self.tick, self.id = picture.tick, (picture.epoch, picture.rev)

    def take(self, change: Change) -> None:
        for each in change.up:
            self.tracks[each[0]] = each
        for no in change.gone:
            self.tracks.pop(no, None)
        for view in change.incidents:
            self.incidents[view["id"]] = view

    def open(self) -> dict[Any, Any]:
        return {id: view for id, view in self.incidents.items() if view["status"] != "resolved"}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("up"), st.integers(1, 6)),
        st.tuples(st.just("gone"), st.integers(1, 6)),
        st.tuples(st.just("snapshot"), st.sets(st.integers(1, 6))),
        st.tuples(st.just("writer"), st.sets(st.integers(1, 6))),
        st.tuples(st.just("incident"), st.integers(1, 4)),
        st.tuples(st.just("resolve"), st.integers(1, 4)),
        st.tuples(st.just("poll"), st.just(0)),
        st.tuples(st.just("screen"), st.just(0)),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=300)
@given(STEPS, st.integers(1, 4))
def test_every_screen_ends_with_the_whole_picture(steps, remembered):
    """Connected and resumed screens, of any age, over restarts of the writer and late reads."""
    before = module.MAX_GONE, module.MAX_RESOLVED
    module.MAX_GONE = module.MAX_RESOLVED = remembered
    try:
        picture = Picture(sector="s")
        rev, epoch, screens, waiting = 1, 1, [], []
        record(picture, rev)
        picture.apply(frame(rev, snapshot=True))
        for kind, value in steps:
            rev += 1
            match kind:
                case "up":
                    picture.apply(frame(rev, row(value, rev), epoch=epoch))
                case "gone":
                    picture.apply(frame(rev, gone=(value,), epoch=epoch))
                case "snapshot" | "writer":
                    epoch += kind == "writer"
                    rows = [row(no, rev) for no in value]
                    picture.apply(frame(rev, *rows, snapshot=True, epoch=epoch))
                case "incident" | "resolve":
                    status = "new" if kind == "incident" else "resolved"
                    waiting = [w for w in waiting if w["id"] != value]
                    waiting.append(incident(value, rev, status))
                case "poll":
                    # PostGIS is read later than the feed tells of the commit.
                    record(picture, rev, *(w for w in waiting if w["rev"] > picture.record_rev))
                    waiting = []
                case "screen":
                    screens.append(Screen(picture))
        record(picture, rev, *waiting)
        whole = Screen(picture)
        for screen in screens:
            connected, resumed = (_copy(screen, picture) for _ in range(2))
            change = picture.since(screen.tick)
            if change is not None:
                connected.take(change)
                assert connected.tracks == whole.tracks
                assert connected.open() == whole.open()
            change = picture.resume(*screen.id)
            if change is not None:
                resumed.take(change)
                assert resumed.tracks == whole.tracks
                assert resumed.open() == whole.open()
    finally:
        module.MAX_GONE, module.MAX_RESOLVED = before


def _copy(screen: Screen, picture: Picture) -> Screen:
    made = Screen(picture)
    made.tracks, made.incidents = dict(screen.tracks), dict(screen.incidents)
    return made


def test_only_what_changed_is_told_and_a_track_once():
    picture = Picture(sector="s")
    record(picture, 1)
    picture.apply(frame(1, *(row(no) for no in range(100)), snapshot=True))
    tick = picture.tick
    for at_ms in range(5):
        picture.apply(frame(2 + at_ms, row(7, at_ms + 1)))
    picture.apply(frame(9, gone=(8,)))
    change = picture.since(tick)
    assert change.up == [row(7, 5)] and change.gone == [8]
    assert picture.since(picture.tick) == NOTHING


def test_a_frame_of_a_writer_that_is_not_one_says_nothing():
    picture = Picture(sector="s")
    assert picture.apply(frame(5, row(1), epoch=3, snapshot=True))
    assert not picture.apply(frame(6, epoch=0, snapshot=True))
    assert not picture.apply(frame(6, row(2), epoch=2))
    assert list(picture.tracks.keys()) == [1]


def test_an_id_promises_only_what_was_read_from_postgis():
    picture = Picture(sector="s")
    record(picture, 1)
    picture.apply(frame(1, snapshot=True))
    picture.apply(frame(5, row(1)))
    assert picture.rev == 1  # an incident of commit 3 may not have been read yet
    record(picture, 4, incident(1, 3))
    assert picture.rev == 4
    assert [view["id"] for view in picture.resume(1, 1).incidents] == [1]
    assert picture.resume(1, 4).incidents == []


def test_who_comes_from_elsewhere_gets_the_whole_picture():
    picture = Picture(sector="s")
    record(picture, 5)
    picture.apply(frame(6, row(1), epoch=2, snapshot=True))
    record(picture, 8)
    picture.apply(frame(8, row(2), epoch=2))
    assert picture.resume(2, 8) is not None
    assert picture.resume(2, 5) is None  # before this hub began to remember
    assert picture.resume(2, 9) is None  # from a hub that knew more
    assert picture.resume(1, 8) is None  # of another writer


def test_a_heartbeat_that_says_the_same_is_no_news():
    picture = Picture(sector="s")
    sensor = {"id": "a", "state": "ok", "known_at": 1, "at": 1}
    assert record(picture, 1, sensors=[sensor])
    assert not record(picture, 1, sensors=[{**sensor, "known_at": 2, "at": 2}])
    assert record(picture, 1, sensors=[{**sensor, "state": "offline"}])
    assert record(picture, 2, geofence_rev=2)
    assert picture.since(picture.tick - 1) == replace(NOTHING, geofences=True)


def test_the_silence_of_a_writer_is_dated_from_its_beginning():
    picture = Picture(sector="s")
    picture.tell_writer(True, 100)
    picture.tell_writer(False, 200, PULSE)
    picture.tell_writer(False, 300, PULSE)
    assert (picture.writer_up, picture.writer_since_us) == (False, 200)
    picture.tell_writer(True, 400)
    assert (picture.writer_up, picture.writer_since_us) == (True, 400)
