"""Each rule kind has its page, and the page is what its file says."""

from pathlib import Path

from watchline.geofences.model import GeofenceKind
from watchline.rules.describe import views, write
from watchline.rules.kind import all_kinds, read_params

PAGES = Path(__file__).resolve().parents[3] / "docs/reference/rules"


def test_the_pages_are_those_that_make_docs_makes(tmp_path: Path) -> None:
    write(tmp_path)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert {path.name: path.read_text() for path in PAGES.iterdir()} == made


def test_an_editor_is_told_what_a_rule_may_ask() -> None:
    kinds = {view["name"]: view for view in views()}
    assert kinds.keys() == all_kinds().keys()
    assert kinds["dwell"]["required"] == ["seconds"] and kinds["dwell"]["over"] == ["area"]
    assert kinds["motionless_in_cold"]["defaults"]["classes"] == {"person": 0.5, "group": 0.5}
    assert [name for name, view in kinds.items() if not view["of_tracks"]] == [
        "absence", "sensor_offline",
    ]  # fmt: skip
    for view in kinds.values():
        assert view["properties"].keys() == {*view["defaults"], *view["required"]}
        assert set(view["shared"]) <= view["properties"].keys()


def test_what_is_left_out_is_what_the_defaults_say() -> None:
    for view in views():
        if not view["required"]:
            over = GeofenceKind(view["over"][0])
            if view["name"] == "speed":
                continue  # asks for one bound or the other
            assert read_params(view["name"], view["defaults"], over) == read_params(
                view["name"], {}, over
            )
