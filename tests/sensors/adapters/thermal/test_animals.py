"""A real animal before a real camera, close by: nobody is called out for it."""

from pathlib import Path

import pytest

from watchline_sensors.adapters.thermal.cptv import cptv_frames
from watchline_sensors.adapters.thermal.detect import CLASSES, Detector, Model, found, normalise
from watchline_sensors.adapters.thermal.moving import Background, merged
from watchline_sensors.adapters.thermal.options import LEAST_SCORE
from watchline_sensors.adapters.thermal.tracklets import SURE, Tracklets
from watchline_sensors.contract import ObjectClass

ROOT = Path(__file__).parents[4]
CLIP = ROOT.parent / "shared/data/thermal/cptv/possum.cptv"
PERSON = CLASSES.index("person")

pytestmark = pytest.mark.skipif(not CLIP.is_file(), reason="needs ../shared/data/thermal/cptv")


def test_no_person_is_seen_in_an_animal_for_three_frames_and_none_is_told() -> None:
    detector = Detector(Model(ROOT / "data/models/thermal/thermal.onnx"))
    background, tracklets = Background(), Tracklets()
    in_a_row = longest = frames = told = 0
    for frame in cptv_frames(CLIP):
        x = normalise(frame.pixels)
        named = found(detector.grid(x), least=LEAST_SCORE)
        sure = named[(named[:, 5] == PERSON) & (named[:, 4] >= SURE)]
        in_a_row = in_a_row + 1 if len(sure) else 0
        longest = max(longest, in_a_row)
        frames += 1
        finds = merged(named, background.find(x[0, 0], frame.at_us))
        for one in tracklets.take(finds, frame.at_us):
            told += 1
            classes = one.classes()
            assert classes[ObjectClass.PERSON] < 0.5, "a person is told of"
    assert frames > 100 and told > 0, "the animal is seen all the same"
    assert longest < 3
