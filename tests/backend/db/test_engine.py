"""Sessions of both kinds carry our settings; time limits hold."""

import psycopg
import pytest
from sqlalchemy import text

from watchline.db.engine import async_engine, connect_sync, plain_url, session_conninfo


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg"])
def test_a_url_of_either_kind_becomes_plain(scheme: str) -> None:
    assert plain_url(f"{scheme}://a@/b?host=/c+d") == "postgresql://a@/b?host=/c+d"


def test_what_the_url_says_stands() -> None:
    conninfo = session_conninfo(
        "postgresql://a@h/b?application_name=mine&connect_timeout=1&options=-c%20jit%3Don",
        application_name="ours",
    )
    said = psycopg.conninfo.conninfo_to_dict(conninfo)
    assert said["application_name"] == "mine"
    assert str(said["connect_timeout"]) == "1"
    assert str(said["options"]).endswith("-c jit=on")
    assert "search_path=watchline,public" in str(said["options"])


def test_the_workers_connection_has_our_settings(database) -> None:
    with connect_sync(database.sqlalchemy_url("ingest"), statement_ms=70) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()[0]
            for name in ("search_path", "timezone", "application_name", "lock_timeout")
        }
        assert shown == {
            "search_path": "watchline,public",
            "timezone": "UTC",
            "application_name": "watchline worker",
            "lock_timeout": "5s",
        }
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(2)")


async def test_the_hubs_engine_survives_a_lost_connection(database) -> None:
    engine = async_engine(database.url("app"))
    try:
        async with engine.connect() as connection:
            row = (await connection.execute(text("SHOW search_path"))).scalar_one()
            assert row == "watchline,public"
            pid = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        with database.connect("super") as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        async with engine.connect() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
    finally:
        await engine.dispose()
