"""Plots from the database into a file, and from there into an edge's calibration."""

import csv
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from typer.testing import CliRunner

from hand_writer import SECOND, HandClock, envelope, hand_writer
from own_writer import EDGE, INFO, import_sector
from plain_sector import lon_lat
from stored_walk import store_walk
from watchline.audit import store as audit
from watchline.cli import app
from watchline.history import plots
from watchline_sensors.adapters.thermal.radar_tracks import read_tracks
from watchline_sensors.contract import Detection, Position

START = datetime(2026, 3, 1, 23, 59, 50, 123457, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_database(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command asks this test's database, which has the test sector and its edge."""
    import_sector(database)
    status = database.cluster.status()
    for name, value in {"HOST": status.sockets, "PORT": status.port, "NAME": database.name}.items():
        monkeypatch.setenv(f"WATCHLINE_DATABASE_{name}", str(value))


@pytest.fixture
def hub(database: Any) -> Any:
    """What `store_walk` writes to: two walks past midnight, an edge, a radar."""

    def execute(statement: str, *arguments: Any) -> None:
        with database.connect("owner") as connection:
            connection.execute(statement, arguments)

    made = SimpleNamespace(database=database, execute=execute)
    store_walk(made, [(10.0 * k, 50.0) for k in range(20)], START, no=1)
    late = START + timedelta(seconds=0.5)
    store_walk(made, [(10.0 * k, -50.0) for k in range(20)], late, no=2, sigma_m=7.0)
    return made


def export(file: Path, **changes: str) -> Any:
    given = {"sector": "test", "from": "2026-03-01T23:59:50Z", "until": "2026-03-02T00:01:00Z"}
    words = [word for name, value in (given | changes).items() for word in (f"--{name}", value)]
    return CliRunner().invoke(app, ["plots", "export", str(file), *words])


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def test_confirmed_plots_are_written_by_time_and_an_edge_reads_them(
    hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "_PAGE_ROWS", 7)
    file = tmp_path / "plots.csv"
    done = export(file)
    assert done.exit_code == 0 and "40 plots" in done.output, done.output
    rows = rows_of(file)
    assert tuple(rows[0]) == plots.COLUMNS and len(rows) == 40
    assert rows[0]["at"] == "2026-03-01T23:59:50.123457+00:00"
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert list(tmp_path.iterdir()) == [file] and file.stat().st_mode & 0o777 == 0o600

    # An edge reads them.
    first, second = read_tracks(file)
    assert (first.name, second.name) == (str(UUID(int=1)), str(UUID(int=2)))
    assert first.at_us[0] == round(START.timestamp() * 1e6) and len(second.at_us) == 20
    assert first.plots[3].tolist() == pytest.approx([*lon_lat(30.0, 50.0), 3.0], abs=1e-6)
    assert second.plots[-1].tolist() == pytest.approx([*lon_lat(190.0, -50.0), 7.0], abs=1e-6)

    # The end of a time does not belong to it.
    done = export(file, **{"from": START.isoformat(), "until": "2026-03-02T00:59:53.123457+01:00"})
    assert "6 plots" in done.output
    assert [row["at"][17:19] for row in rows_of(file)] == ["50", "50", "51", "51", "52", "52"]


def test_that_places_of_people_were_taken_out_is_in_the_audit(
    database: Any, hub: Any, tmp_path: Path
) -> None:
    """No file without its event, and none of what failed."""
    asked = "SELECT chain, actor, op, object, detail FROM audit_event WHERE op = 'plots.export'"
    export(tmp_path / "none" / "plots.csv")
    export(tmp_path / "plots.csv", **{"from": "2026-03-03", "until": "2026-03-04"})
    with database.connect("owner") as connection:
        assert connection.execute(asked).fetchall() == []
    export(tmp_path / "plots.csv")
    told = {
        "from": "2026-03-01T23:59:50+00:00",
        "until": "2026-03-02T00:01:00+00:00",
        "plots": 40,
    }
    event = ("test", "command line", "plots.export", "sector test", told)
    with database.connect("owner") as connection:
        assert [tuple(row) for row in connection.execute(asked).fetchall()] == [event]
        assert audit.verify_chain(connection, "test").holds

    def refused(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("no audit")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "append_sync", refused)
        export(tmp_path / "more.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["plots.csv"]


def test_what_a_writer_has_confirmed_is_in_the_file(database: Any, tmp_path: Path) -> None:
    """From the wire to the file: a walk, with a plot elsewhere each five seconds."""
    start_us = time.time_ns() // 1_000_000 * 1000
    with hand_writer(database, HandClock(start_us)) as made:
        assert isinstance(made.clock, HandClock)
        made.send(envelope(EDGE, 1, [INFO], start_us))
        seq = 2
        for k in range(16):
            at_us = start_us + k * SECOND
            made.clock.time_us = at_us + 100_000
            places = [(2.0 * k, 50.0)] + [(900.0 * k, -900.0)] * (k % 5 == 2)
            plots_ = [_seen(at_us, *place) for place in places]
            made.send(envelope(EDGE, seq, plots_, made.clock.time_us, watermark_us=at_us))
            seq += len(plots_)
            made.clock.time_us += 700_000
            made.turn()
        made.turn()
    file = tmp_path / "plots.csv"
    ends = [datetime.fromtimestamp(start_us / 1e6 + s, UTC).isoformat() for s in (-1.0, 60.0)]
    done = export(file, **{"from": ends[0], "until": ends[1]})
    assert done.exit_code == 0, done.output
    (track,) = read_tracks(file)
    assert len(track.at_us) >= 14 and (np.diff(track.at_us) == SECOND).all()
    assert track.at_us[0] <= start_us + 2 * SECOND
    assert (np.abs(track.plots[:, 1] - lon_lat(0.0, 50.0)[1]) < 1e-7).all()


def _seen(at_us: int, east_m: float, north_m: float) -> Detection:
    lon, lat = lon_lat(east_m, north_m)
    position = Position(lon_deg=lon, lat_deg=lat, var_east_m2=4.0, var_north_m2=4.0)
    return Detection(sensor="radar", at_us=at_us, position=position)


def test_of_an_ellipse_the_longer_axis_is_told(hub: Any, tmp_path: Path) -> None:
    # 9 m and 2 m, turned by 30°: 81 cos² + 4 sin², 77 sin cos, 81 sin² + 4 cos².
    hub.execute("UPDATE detection SET var_east_m2 = 61.75, cov_m2 = 33.342, var_north_m2 = 23.25")
    # A track whose story was retold is there once.
    hub.execute("UPDATE track SET known_to = now()")
    hub.execute(
        "INSERT INTO track SELECT id, now(), NULL, sector_id, no, true, status, first_at, last_at,"
        " geom, var_east_m2, cov_m2, var_north_m2, east_mps, north_mps, classes, sensors, hits"
        " FROM track"
    )
    export(tmp_path / "plots.csv")
    assert [row["sigma_m"] for row in rows_of(tmp_path / "plots.csv")] == ["9.000"] * 40


def test_what_is_no_radars_confirmed_plot_is_left_out(hub: Any, tmp_path: Path) -> None:
    file = tmp_path / "plots.csv"
    hub.execute(
        "INSERT INTO sensor (id, edge_id, sector_id, name, kind, geom, info, info_at)"
        " SELECT 'camera', edge_id, sector_id, name, 'thermal', geom, info, info_at FROM sensor"
    )
    for statement, left in (
        ("UPDATE detection SET geom = NULL WHERE seq = 1", 38),
        ("UPDATE detection SET track_id = NULL WHERE seq = 2", 36),
        ("UPDATE detection SET sensor_id = 'camera' WHERE seq = 3", 34),
        ("UPDATE detection SET sector_id = 'other' WHERE seq = 4", 32),
        ("UPDATE track SET status = 'tentative' WHERE no = 1", 16),
    ):
        hub.execute(statement)
        assert f"{left} plots" in export(file).output, statement
    hub.execute("DELETE FROM track")  # never confirmed
    file.unlink()
    done = export(file)
    assert done.exit_code == 1 and "plots.none: No radar has seen" in done.output
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_is_told(hub: Any, tmp_path: Path) -> None:
    file = tmp_path / "plots.csv"
    file.write_text("the last one")
    for changes, words in (
        ({"sector": "nowhere"}, "sector.unknown"),
        ({"from": "2026-03-03", "until": "2026-03-04"}, "plots.none"),
        ({"until": "2026-03-01T23:59:50Z"}, "not after --from"),
        ({"from": "yesterday"}, "'yesterday' is no time"),
    ):
        done = export(file, **changes)
        assert done.exit_code != 0 and words in done.output, done.output
    assert file.read_text() == "the last one" and list(tmp_path.iterdir()) == [file]
    done = export(tmp_path / "none" / "plots.csv")
    assert done.exit_code != 0 and "No such file" in done.output
