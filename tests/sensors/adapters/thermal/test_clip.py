import io
import itertools

import av
import numpy as np

from watchline_sensors.adapters.thermal.clip import Clip, clip
from watchline_sensors.adapters.thermal.picture import jpeg, whole_blocks
from watchline_sensors.adapters.thermal.segment import Shot

T0 = 1_790_000_000_000_000
MOST = 8_000_000


def scene(k: int, shape: tuple[int, int] = (256, 320)) -> np.ndarray:
    """A warm spot that goes to the right."""
    rng = np.random.default_rng(k)
    frame = rng.normal(100, 4, shape)
    frame[120:140, 10 + 3 * k % 280 : 20 + 3 * k % 280] = 220
    return np.clip(frame, 0, 255).astype(np.uint8)


def shots(times: list[int], **more: object) -> list[Shot]:
    return [Shot(at_us, jpeg(scene(k, **more))) for k, at_us in enumerate(times)]


def made(given: list[Shot], max_bytes: int = MOST) -> Clip:
    length_us = given[-1].at_us - given[0].at_us
    film = clip(lambda: given, length_us=length_us, max_bytes=max_bytes)
    assert film is not None
    return film


def played(film: Clip) -> list[tuple[int, np.ndarray, bool]]:
    """(ms, grey values, whether whole) of every frame."""
    with av.open(io.BytesIO(film.octets)) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "vp8" and "webm" in container.format.name
        return [
            (round(1000 * frame.time), frame.to_ndarray(format="gray"), frame.key_frame)
            for frame in container.decode(stream)
        ]


def test_it_has_every_frame_at_its_own_time() -> None:
    rng = np.random.default_rng(0)
    gaps = rng.integers(20_000, 400_000, 60)
    times = [T0 + 123_456 + int(gap) for gap in np.cumsum(gaps)]
    film = made(shots(times))
    frames = played(film)
    assert [at_ms for at_ms, *_ in frames] == [at // 1000 - times[0] // 1000 for at in times]
    assert (film.from_us, film.until_us, film.frames) == (times[0], times[-1], 60)
    for k in (0, 30, 59):
        pixels = frames[k][1]
        warm = pixels[122:138, 12 + 3 * k : 18 + 3 * k]
        assert warm.mean() > pixels.mean() + 60, k


def test_it_says_how_long_it_is_and_can_be_jumped_in() -> None:
    times = [T0 + 200_000 * k for k in range(150)]
    film = made(shots(times))
    with av.open(io.BytesIO(film.octets)) as container:
        assert container.duration is not None and abs(container.duration - 29_800_000) <= 200_000
        container.seek(20_000_000)
        at_s = next(container.decode(video=0)).time
        assert 17.9 <= at_s <= 20.0
    whole = [at_ms for at_ms, _, key in played(film) if key]
    assert whole[0] == 0 and all(b - a <= 2200 for a, b in itertools.pairwise(whole))
    assert whole[-1] >= 29_800 - 2200
    assert b"\x1c\x53\xbb\x6b" in film.octets, "no cues"


def test_greys_are_those_of_the_pictures() -> None:
    """In video's range, which the player stretches again."""
    frame = np.tile(np.repeat(np.arange(0, 256, 16, np.uint8), 20), (256, 1))
    film = made([Shot(T0 + 100_000 * k, jpeg(frame)) for k in range(5)])
    with av.open(io.BytesIO(film.octets)) as container:
        luma = [f.to_ndarray()[:256] for f in container.decode(video=0)][-1]
    stretched = (luma.astype(float) - 16) * 255 / 219
    assert np.abs(stretched[:, 10::20] - frame[:, 10::20]).max() < 8


def noisy(frames: int, sigma: float) -> list[Shot]:
    pixels = [np.random.default_rng(k).normal(120, sigma, (256, 320)) for k in range(frames)]
    pictures = [jpeg(one.clip(0, 255).astype(np.uint8)) for one in pixels]
    return [Shot(T0 + 100_000 * k, picture) for k, picture in enumerate(pictures)]


def test_it_keeps_to_its_bits() -> None:
    """Of a noisy camera, too, which would like three times as many."""
    assert len(made(noisy(60, sigma=12)).octets) * 8 / 6 < 1_300_000


def test_what_is_too_large_is_made_again_smaller() -> None:
    """Noise that no setting makes small enough at its full size."""
    film = made(noisy(60, sigma=40), max_bytes=20_000)
    assert len(film.octets) <= 20_000
    assert film.frames == 60 == len(played(film))


def test_a_single_frame_an_odd_size_and_a_changed_one() -> None:
    assert clip(list, length_us=0, max_bytes=MOST) is None
    assert len(played(made(shots([T0])))) == 1
    odd = [*shots([T0, T0 + 200_000], shape=(243, 321)), *shots([T0 + 400_000], shape=(200, 100))]
    frames = played(made(odd))
    assert [pixels.shape for _, pixels, _ in frames] == [(242, 320)] * 3


def test_times_that_do_not_rise_are_left_out() -> None:
    times = [T0, T0 + 300, T0 + 200_000, T0 + 100_000, T0 + 400_000]
    film = made(shots(times))
    assert [at_ms for at_ms, *_ in played(film)] == [0, 200, 400] and film.frames == 3


def test_under_the_mask_nothing_of_what_was_there_is_in_the_film() -> None:
    """The film is made of the masked pictures: whatever was under the mask, the same octets."""
    mask = np.zeros((256, 320), np.bool_)
    mask[100:160, 100:220] = True
    blocks = whole_blocks(mask)
    films = []
    for under in (0, 255):
        given = []
        for k in range(10):
            frame = scene(k)
            frame[mask] = under
            given.append(Shot(T0 + 200_000 * k, jpeg(frame, blocks)))
        films.append(made(given))
    assert films[0].octets == films[1].octets
