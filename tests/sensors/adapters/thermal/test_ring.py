import errno
import io
import itertools
import os
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from watchline_sensors.adapters.thermal import ring as ring_module
from watchline_sensors.adapters.thermal.picture import jpeg, shown, whole_blocks, within
from watchline_sensors.adapters.thermal.ring import Ring, kept
from watchline_sensors.adapters.thermal.segment import Shot, places, read, record
from watchline_sensors.contract import Outline

T0 = 1_790_000_000_000_000
HOUR_US = 3_600_000_000
S = 1_000_000
PERIOD_US = 200_000


class Clock:
    def __init__(self, at_us: int = T0) -> None:
        self.at_us = at_us

    def __call__(self) -> int:
        return self.at_us


@pytest.fixture
def clock() -> Clock:
    return Clock()


def shot(at_us: int, size: int = 2_000) -> Shot:
    outline = Outline(sensor_track="a-1", x0=0.1, y0=0.2, x1=0.3, y1=0.4)
    return Shot(at_us, at_us.to_bytes(8, "big") * (size // 8), (outline,))


def fed(ring: Ring, clock: Clock, seconds: float, told_at_s: tuple[float, ...] = ()) -> list[int]:
    """Five frames a second from the clock's time on; the times of all."""
    times = [clock.at_us + k * PERIOD_US for k in range(int(seconds * 5))]
    told = {clock.at_us + int(at_s * S) for at_s in told_at_s}
    for at_us in times:
        clock.at_us = at_us
        ring.take(shot(at_us), told=at_us in told)
    clock.at_us += PERIOD_US
    return times


def on_disk(folder: Path) -> list[int]:
    found = [read(place) for path in sorted(folder.glob("*.shots")) for place in places(path)]
    return [one.at_us for one in found if one is not None]


def test_a_stretch_is_kept_from_10_s_before_until_20_s_after(tmp_path: Path, clock: Clock) -> None:
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    times = fed(ring, clock, 120, told_at_s=(40, 41, 50))
    kept = [at for at in times if T0 + 30 * S <= at <= T0 + 70 * S]
    assert on_disk(tmp_path / "cam") == kept
    assert ring.kept == len(kept) and ring.lost == 0
    # Beyond the disk's stretch the memory has the last 10 s.
    assert [one.at_us for one in ring.between(T0, clock.at_us)] == kept + [
        at for at in times if at >= times[-1] - 10 * S
    ]
    back = ring.between(T0 + 45 * S, T0 + 45 * S)
    assert back == [shot(T0 + 45 * S)]


def test_nobody_there_nothing_recorded(tmp_path: Path, clock: Clock) -> None:
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    fed(ring, clock, 60)
    assert not (tmp_path / "cam").exists() and ring.kept == 0
    assert ring.between(T0, T0 + 45 * S) == []
    assert not ring.expired(T0 + 45 * S)


def test_files_are_the_owners_alone(tmp_path: Path, clock: Clock) -> None:
    before = os.umask(0)
    try:
        ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
        fed(ring, clock, 5, told_at_s=(1,))
    finally:
        os.umask(before)
    assert (tmp_path / "cam").stat().st_mode & 0o777 == 0o700
    files = list((tmp_path / "cam").iterdir())
    assert files and all(file.stat().st_mode & 0o777 == 0o600 for file in files)


def test_a_torn_end_is_dropped_and_the_rest_read(tmp_path: Path, clock: Clock) -> None:
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    times = fed(ring, clock, 10, told_at_s=(2,))
    (path,) = (tmp_path / "cam").glob("*.shots")
    whole = path.read_bytes()
    length = len(record(shot(T0)))
    assert len(whole) == length * len(times)
    for cut in (1, 10, length - 1, length + 5):
        path.write_bytes(whole[:-cut])
        reopened = Ring(tmp_path / "cam", 72, 100, clock=clock)
        left = times[: -(1 + cut // length)]
        assert [one.at_us for one in reopened.between(T0, clock.at_us)] == left
    # Blocks of zeros, as some file systems leave them after a power cut.
    path.write_bytes(whole[:-length] + bytes(length))
    reopened = Ring(tmp_path / "cam", 72, 100, clock=clock)
    assert [one.at_us for one in reopened.between(T0, clock.at_us)] == times[:-1]


def test_a_flipped_bit_costs_its_shot_alone(tmp_path: Path, clock: Clock) -> None:
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    times = fed(ring, clock, 10, told_at_s=(2,))
    (path,) = (tmp_path / "cam").glob("*.shots")
    octets = bytearray(path.read_bytes())
    octets[3 * len(record(shot(T0))) + 500] ^= 4
    path.write_bytes(octets)
    reopened = Ring(tmp_path / "cam", 72, 100, clock=clock)
    assert [one.at_us for one in reopened.between(T0, clock.at_us)] == times[:3] + times[4:]


def test_a_new_start_writes_new_files_and_reads_the_old(tmp_path: Path, clock: Clock) -> None:
    first = fed(Ring(tmp_path / "cam", 72, 100, clock=clock), clock, 5, told_at_s=(1,))
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    second = fed(ring, clock, 5, told_at_s=(1,))
    assert [one.at_us for one in ring.between(T0, clock.at_us)] == first + second
    assert len(list((tmp_path / "cam").glob("*.shots"))) == 2


def test_segments_last_a_minute_and_are_read_across(tmp_path: Path, clock: Clock) -> None:
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    times = fed(ring, clock, 150, told_at_s=tuple(range(0, 150, 10)))
    files = sorted((tmp_path / "cam").glob("*.shots"))
    assert len(files) == 3
    for path in files:
        held = [place.at_us for place in places(path)]
        assert held[-1] - held[0] < 60 * S
        assert path.name.startswith(f"{held[0]:017d}-")
    middle = [at for at in times if T0 + 55 * S <= at <= T0 + 65 * S]
    assert [one.at_us for one in ring.between(T0 + 55 * S, T0 + 65 * S)] == middle


def test_what_is_older_than_the_hours_is_gone_and_told_so(tmp_path: Path, clock: Clock) -> None:
    ring = Ring(tmp_path / "cam", 2, 100, clock=clock)
    fed(ring, clock, 20, told_at_s=(2,))
    clock.at_us = T0 + 2 * HOUR_US + 10 * S
    # In the very moment, though the file is still there for its younger half.
    assert ring.between(T0, T0 + 30 * S)[0].at_us == T0 + 10 * S
    assert ring.expired(T0 + 9 * S) and not ring.expired(T0 + 15 * S)
    assert ring.nearest(T0 + 2 * S) is None
    clock.at_us += 60 * S
    ring.tidy()
    assert not list((tmp_path / "cam").glob("*.shots")) and ring.octets == 0
    assert ring.expired(T0 + 15 * S)


def test_a_clock_that_leaps_and_comes_back_costs_the_past_alone(
    tmp_path: Path, clock: Clock
) -> None:
    ring = Ring(tmp_path / "cam", 2, 100, clock=clock)
    fed(ring, clock, 5, told_at_s=(2,))
    clock.at_us += 5 * HOUR_US
    ring.tidy()
    assert on_disk(tmp_path / "cam") == []
    clock.at_us -= 5 * HOUR_US
    times = fed(ring, clock, 5)
    assert on_disk(tmp_path / "cam") == times, "not into the file that is deleted"


def test_old_files_go_at_the_start_and_while_nobody_comes(tmp_path: Path, clock: Clock) -> None:
    fed(Ring(tmp_path / "cam", 2, 100, clock=clock), clock, 5, told_at_s=(1,))
    clock.at_us += 3 * HOUR_US
    Ring(tmp_path / "cam", 2, 100, clock=clock)
    assert not list((tmp_path / "cam").glob("*.shots"))


def test_the_oldest_gives_way_to_what_is_too_much(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = Ring(tmp_path / "cam", 72, 1, clock=clock)  # 1 MB: 500 frames of 2 kB
    times = fed(ring, clock, 300, told_at_s=tuple(range(0, 300, 10)))
    held = sum(file.stat().st_size for file in (tmp_path / "cam").glob("*.shots"))
    assert 800_000 < held <= 1_000_000
    assert ring.octets == held and ring.lost == 0 and ring.kept == len(times)
    left = [one.at_us for one in ring.between(T0, clock.at_us)]
    assert left == times[-len(left) :] and len(left) > 350
    for one in (ring, Ring(tmp_path / "cam", 72, 1, clock=clock)):  # a restart knows it, too
        assert one.expired(left[0] - 30 * S) and not one.expired(times[-1])
    assert all(file.stat().st_mode & 0o077 == 0 for file in (tmp_path / "cam").iterdir())


def test_a_full_disk_is_counted_and_recovered_from(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    first = fed(ring, clock, 4, told_at_s=(0,))
    steady = itertools.count(0, 300_000)
    monkeypatch.setattr(ring_module, "steady_us", lambda: next(steady))
    write, full = os.write, True

    def half(handle: int, octets: bytes) -> int:
        if full:
            write(handle, octets[: len(octets) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(handle, octets)

    monkeypatch.setattr(ring_module.os, "write", half)
    lost = fed(ring, clock, 4, told_at_s=(0, 3))
    assert ring.lost == len(lost) and ring.kept == len(first)
    assert caplog.text.count("footage.lost") == 1, "told once, not for every frame"
    full = False
    clock.at_us += 1
    fed(ring, clock, 20, told_at_s=(5,))
    assert ring.kept > len(first) + 50
    monkeypatch.undo()
    kept = on_disk(tmp_path / "cam")
    assert kept[: len(first)] == first and not set(kept) & set(lost)
    assert len(kept) == ring.kept
    assert len(list((tmp_path / "cam").glob("*.shots"))) == 2, "no empty files pile up"


def test_a_real_disk_that_ends(tmp_path: Path, clock: Clock) -> None:
    """/dev/full refuses every octet as a full disk does."""
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    fed(ring, clock, 1, told_at_s=(0,))
    assert ring._segment is not None
    os.dup2(os.open("/dev/full", os.O_WRONLY), ring._segment._handle)
    ring.take(shot(clock.at_us), told=True)
    assert ring.lost == 1 and on_disk(tmp_path / "cam") == [T0 + k * PERIOD_US for k in range(5)]


def test_a_folder_that_cannot_be_made_stops_nothing(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").write_text("")
    ring = Ring(tmp_path / "file" / "cam", 72, 100, clock=clock)
    times = fed(ring, clock, 4, told_at_s=(0,))
    assert ring.lost == len(times) and ring.kept == 0
    ring.tidy()
    assert [one.at_us for one in ring.between(T0, clock.at_us)] == times  # from memory


def test_the_nearest_of_both_sides_within_5_s(tmp_path: Path, clock: Clock) -> None:
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    times = fed(ring, clock, 60, told_at_s=(2,))
    last = max(at for at in times if at <= T0 + 22 * S)
    near = [ring.nearest(at) for at in (T0 - 4 * S, T0 + 90_000, T0 + 110_000, T0 + 26 * S)]
    assert [one.at_us for one in near if one] == [T0, T0, T0 + PERIOD_US, last]
    assert ring.nearest(T0 + 29 * S) is None and ring.nearest(T0 - 6 * S) is None


def test_the_latest_only_while_it_is_true(tmp_path: Path, clock: Clock) -> None:
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    assert ring.latest() is None
    times = fed(ring, clock, 5)
    latest = ring.latest()
    assert latest is not None and latest.at_us == times[-1]
    clock.at_us += 11 * S
    assert ring.latest() is None
    clock.at_us += 60 * S
    ring.tidy()
    assert ring.between(T0, clock.at_us) == [], "a camera that fell silent leaves nothing behind"


def test_tidying_between_takes_is_safe_when_clocks_disagree(tmp_path: Path, clock: Clock) -> None:
    """The camera's times are an hour behind the edge's: all of the memory is stale at once."""
    ring = Ring(tmp_path / "cam", 72, 100, clock=lambda: clock.at_us + HOUR_US)
    over = threading.Event()

    def tidy() -> None:
        while not over.is_set():
            ring.tidy()

    tidying = threading.Thread(target=tidy)
    tidying.start()
    try:
        for k in range(3000):
            ring.take(shot(T0 + k * PERIOD_US, 80), told=True)
    finally:
        over.set()
        tidying.join()
    assert ring.kept == 3000 and ring.lost == 0
    assert len(on_disk(tmp_path / "cam")) == 3000


def test_a_clock_that_is_set_back_prolongs_nothing(tmp_path: Path, clock: Clock) -> None:
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    fed(ring, clock, 10, told_at_s=(9,))
    clock.at_us = T0 - 1000 * S
    times = fed(ring, clock, 60)
    kept = [at for at in on_disk(tmp_path / "cam") if at < T0]
    assert kept == [at for at in times if at <= T0 - 980 * S]


def test_what_should_not_have_been_seen_is_taken_back(tmp_path: Path, clock: Clock) -> None:
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    times = fed(ring, clock, 70, told_at_s=tuple(range(0, 70, 5)))
    ring.retract(T0 + 55 * S)
    left = [at for at in times if at < T0 + 55 * S]
    assert on_disk(tmp_path / "cam") == left
    assert [one.at_us for one in ring.between(T0, clock.at_us)] == left
    assert ring.latest() is None
    assert len(list((tmp_path / "cam").glob("*.shots"))) == 1
    more = fed(ring, clock, 5, told_at_s=(1,))
    assert on_disk(tmp_path / "cam") == left + more


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.one_of(st.integers(1, 2 * S), st.integers(1, 90 * S), st.integers(-30 * S, 0)),
            st.booleans(),
            st.integers(8, 40_000),
        ),
        min_size=1,
        max_size=60,
    ),
    ask=st.tuples(st.integers(0, 300 * S), st.integers(0, 300 * S)),
)
def test_what_was_taken_while_told_is_read_again(
    steps: list[tuple[int, bool, int]], ask: tuple[int, int]
) -> None:
    clock = Clock(T0 + HOUR_US)
    with tempfile.TemporaryDirectory() as folder:
        ring = Ring(Path(folder) / "cam", 72, 50, clock=clock)
        at_us, until_us = T0, -1
        given: dict[int, Shot] = {}
        must: set[int] = set()
        for step, told, size in steps:
            at_us += step
            if at_us in given:  # a time that comes twice is one shot
                continue
            given[at_us] = shot(at_us, size)
            ring.take(given[at_us], told=told)
            until_us = at_us + 20 * S if told else min(until_us, at_us + 20 * S)
            if at_us <= until_us:
                must.add(at_us)
        from_us, to_us = T0 + min(ask), T0 + max(ask)
        for one in (ring, Ring(Path(folder) / "cam", 72, 50, clock=clock)):
            got = one.between(from_us, to_us)
            times = [shot.at_us for shot in got]
            assert times == sorted(set(times))
            assert all(shot == given[shot.at_us] for shot in got)
            assert all(from_us <= at <= to_us for at in times)
            assert {at for at in must if from_us <= at <= to_us} <= set(times)


def test_reading_while_writing_misses_nothing_and_sees_nothing_twice(tmp_path: Path) -> None:
    clock = Clock(T0 + 200 * S)
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    over = threading.Event()
    done = [T0 - PERIOD_US]
    wrong: list[object] = []

    def look() -> None:
        while not over.is_set():
            newest = done[0]
            times = [one.at_us for one in ring.between(T0, newest)]
            if times != list(range(T0, newest + 1, PERIOD_US)):
                wrong.append((newest - T0, times))

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    for k in range(900):
        ring.take(shot(T0 + k * PERIOD_US, 500), told=True)
        done[0] = T0 + k * PERIOD_US
    over.set()
    for reader in readers:
        reader.join()
    assert not wrong


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────


def decoded(picture: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(picture)) as image:
        assert image.mode == "L"
        return np.asarray(image)


def ragged(shape: tuple[int, int]) -> np.ndarray:
    """A mask in cells of 4, as `masked` makes them, that fits no block of 8."""
    mask = np.zeros(shape, np.bool_)
    mask[100:212, 60:204] = True
    mask[212:236, 84:100] = True
    mask[-12:, -20:] = True
    return mask


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(512, 640), (244, 322)])
def test_under_the_mask_a_picture_is_one_grey(kind: type, shape: tuple[int, int]) -> None:
    """Not within a tolerance: a block of one grey has no other coefficient than its mean's."""
    rng = np.random.default_rng(1)
    frame = rng.integers(0, 250, shape).astype(kind) * (1 if kind is np.uint8 else 9)
    mask = ragged(shape)
    blocks = whole_blocks(mask)
    assert blocks[mask].all() and (blocks & ~mask).sum() < 8 * 1200
    one = decoded(jpeg(frame, blocks))
    assert len(np.unique(one[mask])) == 1
    # What lies under the mask changes no octet outside, nor inside.
    other = frame.copy()
    other[mask] = 7
    median = np.median(frame[~blocks]).astype(kind)
    burnt, again = frame.copy(), other.copy()
    burnt[mask] = again[mask] = median
    assert jpeg(burnt, blocks) == jpeg(again, blocks)
    small = decoded(within(jpeg(burnt, blocks), 20_000))
    assert small.size <= one.size


def test_a_picture_shows_the_frame() -> None:
    y, x = np.mgrid[:512, :640]
    frame = (100 + 40 * np.sin(x / 50) + 30 * np.cos(y / 40)).astype(np.uint8)
    assert np.abs(decoded(jpeg(frame)).astype(int) - frame).max() <= 6


def test_of_16_bits_the_usual_is_dark_and_the_warm_is_bright() -> None:
    rng = np.random.default_rng(2)
    frame = rng.normal(8000, 30, (512, 640)).astype(np.uint16)
    frame[200:220, 300:310] = 8300
    frame[300:320, 300:310] = 7000
    grey = shown(frame)
    assert 60 < np.median(grey) < 110 and grey.std() > 15
    assert (grey[200:220, 300:310] == 255).all() and (grey[300:320, 300:310] == 0).all()


def test_a_picture_is_made_as_small_as_it_must() -> None:
    frame = np.random.default_rng(3).integers(0, 255, (512, 640)).astype(np.uint8)
    whole = jpeg(frame)
    assert within(whole, len(whole)) == whole
    for most in (150_000, 60_000, 20_000, 3_000):
        small = within(whole, most)
        assert len(small) <= most
        assert decoded(small).shape[1] <= 640


def test_who_is_not_its_owner_reads_and_leaves_everything(tmp_path: Path, clock: Clock) -> None:
    ring = Ring(tmp_path / "cam", 72, 100, clock=clock)
    fed(ring, clock, 150, told_at_s=tuple(range(10, 130)))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "cam").iterdir()}
    assert len(before) > 1
    found = [one.at_us for one in kept(tmp_path / "cam", T0 + 20 * S, T0 + 100 * S, 2 * S)]
    assert found == list(range(T0 + 20 * S, T0 + 100 * S + 1, 2 * S))
    assert next(kept(tmp_path / "cam", T0 + 20 * S, T0 + 100 * S, 2 * S)) == shot(T0 + 20 * S)
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "cam").iterdir()}
    assert list(kept(tmp_path / "none", 0, T0, S)) == []
