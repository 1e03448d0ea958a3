"""The application as a whole: headers, files, problems, the uplink's signpost."""

import json
import logging as standard
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from starlette.requests import Request

from watchline import errors, logging
from watchline.access.policy import Open
from watchline.errors import WatchlineError, problem


def _write(folder: Path, **files: bytes) -> None:
    for name, data in files.items():
        path = folder / name.replace("__", "/").replace("_DOT_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


@pytest.fixture
def json_log(capfd):
    """Our own log set up, and taken down after the test."""
    root = standard.getLogger()
    handlers, level = root.handlers[:], root.level
    logging.configure()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def dist(hub):
    folder = hub.settings.hub.frontend_dist
    _write(
        folder,
        index_DOT_html=b"<!doctype html><html><head lang='x'><title>W</title></head></html>",
        assets__a_DOT_js=b"let a = 1",
        favicon_DOT_svg=b"<svg/>",
        _DOT_secret=b"no",
    )
    (folder.parent / "outside.txt").write_text("no")
    (folder / "assets" / "link.txt").symlink_to(folder.parent / "outside.txt")
    return folder


async def test_the_login_page_is_open_and_safe(hub, dist):
    async with hub.browser() as browser:
        page = await browser.get("/")
        assert page.status_code == 200 and page.headers["cache-control"] == "no-store"
        policy = page.headers["content-security-policy"]
        nonce = policy.split("'nonce-")[1].split("'")[0]
        assert f'<head lang=\'x\'><meta property="csp-nonce" nonce="{nonce}">' in page.text
        assert "unsafe" not in policy and "default-src 'self'" in policy
        assert (await browser.get("/")).headers["content-security-policy"] != policy
        script = await browser.get("/assets/a.js")
        assert "immutable" in script.headers["cache-control"]
        assert script.headers["content-type"].startswith("text/javascript")
        again = await browser.get("/assets/a.js", headers={"If-None-Match": script.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await browser.get("/favicon.svg")).content == b"<svg/>"
        for path in (
            "/.secret",
            "/assets/link.txt",
            "/assets/%2e%2e/x",
            "/assets/..%2f..%2foutside.txt",
            "/assets/%00",
            "/nothing.js",
            "/assets/",
            "/" + "x" * 5000,
        ):
            answer = await browser.get(path)
            assert answer.status_code == 404, path
            assert answer.json()["code"] == "request.not_found"


async def test_every_answer_has_the_headers(hub, admin):
    for path in ("/api/me", "/api/nothing", "/healthz", "/api/sectors/none/sensors"):
        headers = (await admin.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers.get("cache-control") == ("no-store" if path.startswith("/api") else None)
        assert "strict-transport-security" not in headers
    async with hub.browser("https://watch.example") as browser:
        assert "strict-transport-security" in (await browser.get("/healthz")).headers


async def test_map_files_need_a_login_and_know_ranges(hub, admin):
    _write(hub.settings.hub.basemap, area_DOT_json=b"0123456789", deep__b_DOT_geojson=b"{}")
    async with hub.browser() as browser:
        assert (await browser.get("/basemap/area.json")).status_code == 401
        assert (await browser.get("/maps/x.pmtiles")).status_code == 401
    whole = await admin.get("/basemap/area.json")
    assert whole.content == b"0123456789" and "private" in whole.headers["cache-control"]
    part = await admin.get("/basemap/area.json", headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    assert part.headers["content-range"] == "bytes 2-4/10"
    assert (
        await admin.get("/basemap/area.json", headers={"Range": "bytes=99-"})
    ).status_code == 416
    assert (await admin.get("/basemap/deep/b.geojson")).status_code == 200
    assert (await admin.get("/basemap/deep")).status_code == 404
    assert (await admin.get("/api/maps")).json() == []


async def test_the_interface_document_is_behind_the_login(hub, admin):
    async with hub.browser() as browser:
        assert (await browser.get("/api/openapi.json")).status_code == 401
        for path in ("/docs", "/redoc", "/openapi.json"):
            assert (await browser.get(path)).status_code == 404
    document = (await admin.get("/api/openapi.json")).json()
    incident = document["components"]["schemas"]["IncidentView"]
    assert {"rule", "tracks", "condition"} <= set(incident["properties"])
    assert "/api/sectors/{s}/live" in document["paths"]
    assert "/basemap/{path}" not in document["paths"]


async def test_an_edge_is_told_where_its_worker_is(hub):
    hub.execute(
        """INSERT INTO edge (id, sector_id, public_key) VALUES
           ('here', 'test', decode(repeat('ab', 32), 'hex')),
           ('out', 'test', decode(repeat('ab', 32), 'hex'))"""
    )
    hub.execute("UPDATE edge SET enabled = false WHERE id = 'out'")
    async with hub.browser() as machine:
        for name in ("Origin", "Sec-Fetch-Site"):
            del machine.headers[name]

        async def post(edge, size: int = 10):
            headers = {"Watchline-Edge": edge, "content-type": "application/msgpack"}
            return await machine.post("/api/uplink", content=b"x" * size, headers=headers)

        away = await post("here")
        assert (away.status_code, away.json()["code"]) == (503, "uplink.no_writer")
        assert away.headers["retry-after"] == "2"
        writer = "UPDATE sector SET owner_url = %s, owner_seen_at = clock_timestamp() - %s"
        hub.execute(writer, "http://127.0.0.1:8620", timedelta(seconds=4))
        silent = await post("here")
        assert (silent.status_code, silent.json()["code"]) == (503, "uplink.no_writer")
        hub.execute(writer, "http://127.0.0.1:8620", timedelta(0))
        told = await post("here", 2 * 1024 * 1024)
        assert (told.status_code, told.json()["code"]) == (421, "uplink.misdirected")
        assert told.json()["params"] == {"owner": "http://127.0.0.1:8620"}
        for edge in ("nobody", "out", "", "../x", "é", "x" * 65):
            refused = await post(edge.encode())
            assert (refused.status_code, refused.json()["code"]) == (403, "edge.unknown")
        assert (await post("here", 2 * 1024 * 1024 + 1)).status_code == 413


async def test_what_nobody_foresaw_is_a_reference_and_no_text(hub, monkeypatch, json_log, capfd):
    password = "secret in a local"

    async def broken(self, request: Request):
        local = password
        raise RuntimeError(local)

    monkeypatch.setattr(Open, "__call__", broken)
    async with hub.browser() as browser:
        answer = await browser.get("/healthz")
    assert answer.status_code == 500 and answer.json()["code"] == "internal.error"
    assert len(answer.json()["params"]["reference"]) == 16
    assert "secret" not in answer.text
    logged = capfd.readouterr().err
    assert answer.json()["params"]["reference"] in logged and "RuntimeError" in logged
    assert logged.count("secret") == 1  # the error's own text, and not the locals
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_database_that_is_away_is_503_and_comes_back(hub, admin):
    assert (await admin.get("/healthz")).status_code == 200
    try:
        with hub.database.connect("super") as connection:
            connection.execute("ALTER ROLE watchline_app CONNECTION LIMIT 0")
            connection.execute(
                """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE usename = 'watchline_app' AND datname = %s""",
                [hub.database.name],
            )
        away = await admin.get("/healthz")
        assert (away.status_code, away.json()["code"]) == (503, "database.away")
        assert (await admin.get("/api/me")).json()["code"] == "database.away"
    finally:
        with hub.database.connect("super") as connection:
            connection.execute("ALTER ROLE watchline_app CONNECTION LIMIT -1")
    assert (await admin.get("/healthz")).status_code == 200


def test_every_error_of_ours_is_in_the_table_once():
    def below(kind):
        for child in kind.__subclasses__():
            yield child
            yield from below(child)

    ours = {kind for kind in below(WatchlineError) if kind.__module__ == errors.__name__}
    assert ours | {WatchlineError} == set(errors._TABLE)
    codes = [code for _, code in errors._TABLE.values()]
    assert len(codes) == len(set(codes))
    for kind in ours:
        assert kind.__doc__ and "\n" not in kind.__doc__.strip()
        assert problem(kind(a=1))["params"] == {"a": 1}


def test_positions_do_not_reach_the_log_at_info(json_log, capfd):
    logging.get("test").info("unit.seen", unit="alfa", lon=24.123456, lat=50.1)
    logging.get("test").debug("quiet")
    standard.getLogger("library").warning("careful")
    lines = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["unit.seen", "careful"]
    assert lines[0]["unit"] == "alfa" and lines[0]["part"] == "test"
    assert "lon" not in lines[0] and "lat" not in lines[0]


def test_places_and_passwords_do_not_reach_the_log_by_other_ways(json_log, capfd):
    log = logging.get("test")
    log.warning("a", params={"at": [{"lon": 24.123456, "no": 3}], "why": "x"})
    log.warning("b", url="postgresql://watchline_app:hunter2@db/watchline")
    try:
        try:
            raise ValueError(
                "Self-intersection at 24.123456 50.1\nDETAIL: Failing row contains (1)"
            )
        except ValueError as error:
            raise RuntimeError("at http://a:hunter2@b/") from error
    except RuntimeError:
        log.exception("c")
    group = ExceptionGroup("g", [ValueError("24.123456")])
    group.add_note("24.123456")
    log.error("d", exc_info=group)
    logged = capfd.readouterr().err
    lines = [json.loads(line) for line in logged.splitlines()]
    assert lines[0]["params"] == {"at": [{"no": 3}], "why": "x"}
    assert lines[1]["url"] == "postgresql://watchline_app:***@db/watchline"
    assert {it["exc_value"] for it in lines[2]["exception"]} == {
        "Self-intersection at # #",
        "at http://a:***@b/",
    }
    for secret in ("24.12", "hunter2", "Failing row"):
        assert secret not in logged
