"""Units report where they are, and the newest report stands."""

from datetime import UTC, datetime, timedelta

import pytest

ADDRESS = "/api/sectors/test/units/Alfa-2/position"


async def report(admin, lon, **changes):
    return await admin.put(ADDRESS, json={"lon": lon, "lat": 50.5} | changes)


async def test_the_newest_report_stands(admin):
    assert (await admin.get("/api/sectors/test/units")).json() == []
    now = datetime.now(UTC)
    assert (await report(admin, 24.1)).status_code == 204
    late = (now - timedelta(seconds=5)).isoformat()
    assert (await report(admin, 24.2, at=late)).status_code == 204
    (unit,) = (await admin.get("/api/sectors/test/units")).json()
    assert (unit["id"], unit["lon"], unit["fresh"]) == ("Alfa-2", 24.1, True)


async def test_an_old_report_is_not_fresh(admin):
    old = (datetime.now(UTC) - timedelta(seconds=90)).isoformat()
    await report(admin, 24.1, at=old)
    (unit,) = (await admin.get("/api/sectors/test/units")).json()
    assert not unit["fresh"]


@pytest.mark.parametrize(
    ("address", "body", "status", "code"),
    [
        (ADDRESS, {"at": "2999-01-01T00:00:00Z"}, 422, "unit.ahead_of_time"),
        (ADDRESS, {"lat": 91}, 422, "request.invalid"),
        (ADDRESS, {"sigma_m": 0}, 422, "request.invalid"),
        (ADDRESS, {"at": "2026-01-01T00:00:00"}, 422, "request.invalid"),
        (ADDRESS.replace("test", "nowhere"), {}, 404, "sector.unknown"),
    ],
)
async def test_a_wrong_report_is_refused_and_leaves_nothing(admin, address, body, status, code):
    answer = await admin.put(address, json={"lon": 24.0, "lat": 50.5} | body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await admin.get("/api/sectors/test/units")).json() == []
