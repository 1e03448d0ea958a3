"""How well the thermal network finds what people have marked: `make eval-thermal`.

Takes any folder in the layout of HIT-UAV: `<split>/*.jpg` and `<split>.json` (`images` with
filename and id; `annotation` with image_id, category_id and bbox as x, y, width, height). Average
precision is the area under the precision envelope at an overlap of 0.5, every answer counted.
Intervals are those of 95 % of 200 draws of as many frames, with replacement. "DontCare" is
neither a hit nor an error. Of the scores at which the edge follows and begins a tracklet it tells
precision and recall. Last line: one JSON object.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from watchline_sensors.adapters.thermal.detect import CLASSES, Detector, Model, overlaps
from watchline_sensors.adapters.thermal.options import LEAST_SCORE
from watchline_sensors.adapters.thermal.tracklets import SURE

HERE = Path(__file__).resolve().parent
MODEL = Model(HERE / "thermal.onnx", (HERE / "thermal.onnx.sha256").read_text().split()[0])
#: HIT-UAV's categories to ours, 4 is DontCare; 5 is mast.py's animals.
CATEGORY = {0: 0, 1: 1, 2: 3, 3: 1, 5: 2}
UNSURE = -1
#: The longer side of a box in pixels: small, middle, large.
SIZES = (("small", 0.0, 16.0), ("middle", 16.0, 48.0), ("large", 48.0, 1e9))
LEAST = 0.02
DRAWS = 200


class Judged(NamedTuple):
    """One class in one frame: each answer's score, and whether it hit (1), erred (0) or neither."""

    scores: NDArray[np.float64]
    hits: NDArray[np.int8]
    expected: int


def frames(folder: Path, split: str) -> list[tuple[Path, NDArray[np.float64]]]:
    """(file, boxes as x0 y0 x1 y1 class) of each frame of a split."""
    told = json.loads((folder / f"{split}.json").read_text())
    names = {image["id"]: image["filename"] for image in told["images"]}
    rows: dict[int, list[list[float]]] = {id: [] for id in names}
    for one in told["annotation"]:
        x, y, w, h = one["bbox"]
        rows[one["image_id"]].append([x, y, x + w, y + h, CATEGORY.get(one["category_id"], UNSURE)])
    return [
        (folder / split / names[id], np.array(rows[id], np.float64).reshape(-1, 5))
        for id in sorted(names, key=lambda id: names[id])
    ]


def judge(
    answers: NDArray[Any], truth: NDArray[np.float64], kind: int, low: float, high: float
) -> Judged:
    """Compare one frame's answers (best first) with what was marked, for boxes of a size.

    A marked box of another size, or of DontCare, neither counts nor is missed.
    """
    mine = answers[answers[:, 5] == kind]
    real = truth[truth[:, 4] == kind]
    side = np.max(real[:, 2:4] - real[:, :2], axis=1, initial=0.0)
    counts = (side >= low) & (side < high)
    unsure = truth[truth[:, 4] == UNSURE]
    overlap, doubt = overlaps(mine, real), overlaps(mine, unsure)
    fit = np.max(mine[:, 2:4] - mine[:, :2], axis=1, initial=0.0)
    hits = np.zeros(len(mine), np.int8)
    for k in range(len(mine)):
        best = int(overlap[k].argmax()) if len(real) else -1
        if best >= 0 and overlap[k, best] >= 0.5:
            hits[k] = 1 if counts[best] else -1
            overlap[:, best] = -1.0
        elif (len(unsure) and doubt[k].max() > 0.3) or not low <= fit[k] < high:
            hits[k] = -1
    return Judged(mine[:, 4].astype(np.float64), hits, int(counts.sum()))


def precision(judged: Sequence[Judged]) -> float | None:
    """Average precision over frames; None where nothing was to be found."""
    expected = sum(one.expected for one in judged)
    if not expected:
        return None
    scores = np.concatenate([one.scores for one in judged])
    hits = np.concatenate([one.hits for one in judged])
    scores, hits = scores[hits >= 0], hits[hits >= 0]
    found = np.cumsum(hits[np.argsort(-scores, kind="stable")])
    recall, exact = found / expected, found / np.arange(1, len(found) + 1)
    envelope = np.maximum.accumulate(exact[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * envelope))


def interval(judged: Sequence[Judged], rng: np.random.Generator) -> tuple[float, float]:
    """Where 95 % of the draws lie."""
    values = []
    for _ in range(DRAWS):
        value = precision([judged[k] for k in rng.integers(0, len(judged), len(judged))])
        if value is not None:
            values.append(value)
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def at_score(judged: Sequence[Judged], least: float) -> tuple[float, float]:
    """Precision and recall of the answers from a score on."""
    scores = np.concatenate([one.scores for one in judged])
    hits = np.concatenate([one.hits for one in judged])
    hits = hits[(scores >= least) & (hits >= 0)]
    found = int(hits.sum())
    return found / max(len(hits), 1), found / sum(one.expected for one in judged)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", default="val")
    told = parser.parse_args()
    detector = Detector(MODEL)
    listed = frames(told.data, told.split)
    answers, spent = [], 0.0
    for number, (file, _) in enumerate(listed):
        with Image.open(file) as image:
            pixels = np.asarray(image.convert("L"))
        start = time.thread_time()
        answers.append(detector.find(pixels, least=LEAST))
        spent += time.thread_time() - start
        if number % 50 == 49:
            print(f"{number + 1} of {len(listed)} frames", flush=True)
    rng = np.random.default_rng(1)
    summary: dict[str, Any] = {"eval": "thermal"}
    told_at: list[str] = []
    print(f"{'class':<9}{'size, px':<12}{'boxes':>6}  AP50   95 %")
    for kind, name in enumerate(CLASSES):
        for size, low, high in (("all", 0.0, 1e9), *SIZES):
            judged = [
                judge(rows, truth, kind, low, high)
                for rows, (_, truth) in zip(answers, listed, strict=True)
            ]
            value = precision(judged)
            if value is None:
                continue
            bounds = interval(judged, rng)
            count = sum(one.expected for one in judged)
            print(f"{name:<9}{size:<12}{count:>6}  {value:.3f}  {bounds[0]:.3f} to {bounds[1]:.3f}")
            if size == "all":
                bars = [(bar, *at_score(judged, bar)) for bar in (LEAST_SCORE, SURE)]
                told_at += [f"{name:<9}" + "  ".join(
                    f"from {bar:.2f} on: precision {exact:.3f}, recall {recall:.3f}"
                    for bar, exact, recall in bars)]  # fmt: skip
                summary[f"ap50_{name}"] = round(value, 3)
                summary[f"ap50_{name}_95"] = [round(bound, 3) for bound in bounds]
            else:
                summary[f"ap50_{name}_{size}"] = round(value, 3)
    print(*told_at, sep="\n")
    summary |= {"frames": len(listed), "ms_a_frame": round(1e3 * spent / len(listed), 1)}
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
