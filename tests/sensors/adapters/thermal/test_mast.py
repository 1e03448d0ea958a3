"""Rendered mast views are marked, drawn from the seed, and read as any other set is."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

FOLDER = Path(__file__).parents[4] / "data/models/thermal"


@pytest.fixture(scope="module")
def scripts() -> Iterator[tuple]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        import evaluate
        import mast
        import ranges

        yield mast, evaluate, ranges
    for name in ("mast", "ranges"):
        sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def rendered(scripts, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("mast")
    scripts[0].render(folder, "train", scenes=1, each=8, seed=3)
    return folder


def test_a_set_has_frames_and_boxes_on_warm_things(scripts, rendered: Path) -> None:
    _, evaluate, _ = scripts
    told = evaluate.frames(rendered, "train")
    assert len(told) == 8
    boxes = np.concatenate([truth for _, truth in told])
    assert len(boxes) > 8 and set(boxes[:, 4]) <= {-1, 0, 1, 2, 3} and 2 in boxes[:, 4]
    assert (boxes[:, 0] >= 0).all() and (boxes[:, 2] <= 640).all() and (boxes[:, 3] <= 512).all()
    stands_out = []
    for file, truth in told:
        with Image.open(file) as image:
            assert image.size == (640, 512) and image.mode == "L"
            pixels = np.asarray(image).astype(float)
        for x0, y0, x1, y1, kind in truth:
            if kind >= 0 and (x1 - x0) * (y1 - y0) > 30:
                high, wide = int(y1 - y0) + 1, int(x1 - x0) + 1
                around = pixels[
                    max(0, int(y0) - high) : int(y1) + high, max(0, int(x0) - wide) : int(x1) + wide
                ]
                inner = pixels[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1]
                stands_out.append(np.abs(inner - np.median(around)).max() > 2 * around.std())
    assert len(stands_out) >= 3 and np.mean(stands_out) > 0.6


def test_the_same_seed_gives_the_same_frame(scripts) -> None:
    mast, *_ = scripts

    def one() -> np.ndarray:
        rng = np.random.default_rng(1)
        made, sensor = mast.scene(rng)
        return mast.frame(made, sensor, 5, rng)[0]

    assert (one() == one()).all()


def test_what_is_warm_and_nobody_has_no_box(scripts, monkeypatch: pytest.MonkeyPatch) -> None:
    mast, *_ = scripts
    rng = np.random.default_rng(1)
    made, sensor = mast.scene(rng)
    row, column = np.argwhere(np.isfinite(made.range_m))[-200 * 640]
    away = float(made.range_m[row, column])
    ray = mast.directions(made.view.lens, made.view.aim, [(column + 0.5, row + 0.5)])
    place = made.view.xy_m + made.view.along(ray)[0][0] * away

    def marked(form) -> tuple[np.ndarray, list]:
        here = [mast.Figure(form=form, xy_m=place, scale=2.0, warm=3.0)]
        monkeypatch.setattr(mast, "figures", lambda *_: here)
        return mast.frame(made, sensor, 5, np.random.default_rng(2))

    rock, none = marked(mast.Form.ROCK)
    deer, one = marked(mast.Form.DEER)
    assert none == [] and [kind for kind, _ in one] == [mast.ANIMAL]
    x, y, wide, high = one[0][1]
    near = np.s_[int(y) : int(y + high) + 1, int(x) : int(x + wide) + 1]
    assert (rock[near] != deer[near]).any(), "it is there all the same"


def test_a_range_holds_as_far_as_all_nearer_ones_do(scripts) -> None:
    ranges = scripts[2]
    shares = [1.0] * 3 + [0.4, 0.9] + [0.0] * (len(ranges.RANGES) - 5)
    assert ranges.reach(shares, 0.5) == ranges.RANGES[2]
    assert ranges.reach(shares, 0.3) == ranges.RANGES[4]
    assert ranges.reach([0.2] * len(shares), 0.5) is None
    who = ranges.targets(ranges.Form.FOX, 1.0, np.array([5.0, 7.0]), 3)
    assert [one.xy_m[1] - 7.0 for one in who] == sorted(ranges.RANGES, reverse=True)
