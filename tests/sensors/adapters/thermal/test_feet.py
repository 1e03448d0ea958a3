from watchline_sensors.adapters.thermal.feet import feet
from watchline_sensors.adapters.thermal.lens import Lens
from watchline_sensors.adapters.thermal.segment import Shot
from watchline_sensors.contract import Outline

LENS = Lens(width=640, height=512, focal_x_px=1000)


def box(name: str, x0: float, y0: float, x1: float, y1: float) -> Outline:
    return Outline(sensor_track=name, x0=x0, y0=y0, x1=x1, y1=y1)


def test_a_foot_is_the_middle_of_the_boxs_bottom_edge() -> None:
    shots = [
        Shot(3, b"", (box("a", 0.25, 0.5, 0.5, 0.75),)),
        Shot(1, b"", (box("b", 0.5, 0.0, 0.625, 0.5), box("a", 0.0625, 0.5, 0.1875, 0.625))),
        Shot(2, b"", ()),
    ]
    a, b = feet(shots, LENS)
    assert (a.name, a.at_us.tolist(), a.xy_px.tolist()) == ("a", [1, 3], [[80, 320], [240, 384]])
    # Without its head it has a foot.
    assert (b.name, b.at_us.tolist(), b.xy_px.tolist()) == ("b", [1], [[360, 256]])


def test_who_is_cut_off_at_a_side_has_none() -> None:
    cut = [(0.0, 0.2, 0.1, 0.4), (0.9, 0.2, 1.0, 0.4), (0.4, 0.8, 0.5, 1.0)]
    assert feet([Shot(k, b"", (box("a", *one),)) for k, one in enumerate(cut)], LENS) == []
