"""Login, sessions and what protects them."""

import hashlib

from watchline.access import accounts, passwords
from watchline.settings import SessionSettings

FOREIGN = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}


async def test_the_first_login_must_change_its_password_before_anything_else(hub):
    once = await accounts.bootstrap(hub.app.state.engine)
    assert await accounts.bootstrap(hub.app.state.engine) is None
    async with hub.browser() as browser:
        assert (await browser.get("/api/me")).json()["code"] == "session.missing"
        body = {"name": "administrator", "password": once}
        assert (await browser.post("/api/login", json=body)).status_code == 204
        assert (await browser.get("/api/me")).json()["must_change"] is True
        blocked = await browser.get("/api/sectors")
        assert (blocked.status_code, blocked.json()["code"]) == (403, "password.must_change")
        weak = {"old_password": once, "new_password": "short"}
        assert (await browser.post("/api/password", json=weak)).json()["code"] == "password.weak"
        same = {"old_password": once, "new_password": once}
        assert (await browser.post("/api/password", json=same)).json()["code"] == "password.weak"
        wrong = {"old_password": "x" * 12, "new_password": "y" * 12}
        assert (await browser.post("/api/password", json=wrong)).json()["code"] == "password.wrong"
        good = {"old_password": once, "new_password": "a new long password"}
        assert (await browser.post("/api/password", json=good)).status_code == 204
        assert (await browser.get("/api/me")).json()["must_change"] is False
        assert (await browser.get("/api/sectors")).status_code == 200


async def test_the_cookie_is_strict_and_the_database_holds_only_its_hash(hub, admin):
    token = admin.cookies["watchline"]
    ((stored,),) = hub.query("SELECT token_hash FROM user_session")
    assert bytes(stored) == hashlib.sha256(token.encode()).digest()
    body = {"name": "administrator", "password": "a-password-of-the-tests"}
    async with hub.browser("https://watch.example") as browser:
        cookie = (await browser.post("/api/login", json=body)).headers["set-cookie"]
    assert cookie.startswith("__Host-watchline=")
    for part in ("HttpOnly", "Secure", "SameSite=Strict", "Path=/"):
        assert part in cookie.split("; ")
    async with hub.browser("http://127.0.0.1:8610") as browser:
        cookie = (await browser.post("/api/login", json=body)).headers["set-cookie"]
        assert cookie.startswith("watchline=") and "Secure" not in cookie
    async with hub.browser("http://watch.example") as browser:
        refused = await browser.post("/api/login", json=body)
        assert refused.json()["code"] == "login.needs_tls"
        assert "set-cookie" not in refused.headers


async def test_a_login_begins_a_new_session_and_logout_ends_it(hub, admin):
    before = admin.cookies["watchline"]
    body = {"name": "administrator", "password": "a-password-of-the-tests"}
    await admin.post("/api/login", json=body)
    after = admin.cookies["watchline"]
    assert after != before
    assert len(hub.query("SELECT 1 FROM user_session")) == 1
    async with hub.browser(cookies={"watchline": before}) as thief:
        assert (await thief.get("/api/me")).status_code == 401
    assert (await admin.post("/api/logout", json={})).status_code == 204
    async with hub.browser(cookies={"watchline": after}) as thief:
        assert (await thief.get("/api/me")).status_code == 401
    assert hub.query("SELECT 1 FROM user_session") == []


async def test_sessions_end_when_idle_at_their_end_and_with_the_account(hub, admin):
    async def status() -> int:
        return (await admin.get("/api/me")).status_code

    assert await status() == 200
    hub.execute("UPDATE user_session SET seen_at = now() - interval '29 minutes'")
    assert await status() == 200
    assert hub.query("SELECT now() - seen_at < interval '1 minute' FROM user_session") == [(True,)]
    hub.execute("UPDATE user_session SET seen_at = now() - interval '31 minutes'")
    assert await status() == 401
    hub.execute("UPDATE user_session SET seen_at = now(), expires_at = now()")
    assert await status() == 401
    hub.execute("UPDATE user_session SET expires_at = now() + interval '1 hour'")
    assert await status() == 200
    hub.execute("UPDATE user_account SET disabled = true")
    assert await status() == 401


async def test_ten_failures_close_the_door_for_name_and_source_and_count_no_further(hub, admin):
    body = {"name": "administrator", "password": "wrong password!"}
    async with hub.browser() as browser:
        for _ in range(10):
            failed = await browser.post("/api/login", json=body)
            assert (failed.status_code, failed.json()["code"]) == (401, "login.failed")
        for name in ("administrator", "somebody else"):
            refused = await browser.post("/api/login", json={**body, "name": name})
            assert (refused.status_code, refused.json()["code"]) == (429, "login.too_many")
            assert 0 < int(refused.headers["retry-after"]) <= 15 * 60
        right = {"name": "administrator", "password": "a-password-of-the-tests"}
        assert (await browser.post("/api/login", json=right)).status_code == 429
        assert hub.query("SELECT count(*) FROM login_failure") == [(10,)]
        hub.execute("UPDATE login_failure SET at = now() - interval '16 minutes'")
        assert (await browser.post("/api/login", json=right)).status_code == 204
    assert hub.query("SELECT count(*) FROM login_failure") == [(0,)]


async def test_an_unknown_name_costs_a_hash_too(hub, monkeypatch):
    seen = []
    real = passwords._verify
    monkeypatch.setattr(
        passwords, "_verify", lambda password, stored: seen.append(stored) or real(password, stored)
    )
    async with hub.browser() as browser:
        body = {"name": "nobody", "password": "wrong password!"}
        assert (await browser.post("/api/login", json=body)).json()["code"] == "login.failed"
    assert seen == [None]
    assert not await passwords.verify_password("whatever", None)


async def test_foreign_pages_can_change_nothing(hub, admin):
    for headers in (
        FOREIGN,
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "null", "Sec-Fetch-Site": ""},
    ):
        answer = await admin.post("/api/logout", json={}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "request.foreign")
    del admin.headers["Origin"], admin.headers["Sec-Fetch-Site"]
    assert (await admin.post("/api/logout", json={})).json()["code"] == "request.foreign"
    old_browser = {"Origin": "http://localhost:8610"}
    form = {"content-type": "application/x-www-form-urlencoded", **old_browser}
    answer = await admin.post("/api/logout", content=b"a=b", headers=form)
    assert (answer.status_code, answer.json()["code"]) == (415, "request.not_json")
    assert (await admin.get("/api/me", headers=FOREIGN)).status_code == 200
    assert (await admin.post("/api/logout", json={}, headers=old_browser)).status_code == 204


async def test_a_reset_ends_all_sessions(hub, admin):
    password = await accounts.reset(hub.app.state.engine, "administrator")
    assert (await admin.get("/api/me")).status_code == 401
    body = {"name": "administrator", "password": password}
    assert (await admin.post("/api/login", json=body)).status_code == 204
    assert (await admin.get("/api/me")).json()["must_change"] is True


async def test_no_secret_is_stored_or_logged_readably(hub, admin, capfd):
    await admin.post("/api/login", json={"name": "administrator", "password": "wrong password!"})
    ((stored,),) = hub.query("SELECT password_hash FROM user_account")
    assert stored.startswith("$argon2id$")
    told = str(hub.query("SELECT op, object, detail FROM audit_event"))
    out = capfd.readouterr()
    for secret in ("a-password-of-the-tests", "wrong password!", admin.cookies["watchline"]):
        assert secret not in told + out.out + out.err
    assert "login.failed" in told


def test_one_time_passwords_are_long_and_differ():
    made = {passwords.one_time() for _ in range(100)}
    assert len(made) == 100 and all(len(each) == 23 for each in made)


def test_sessions_hold_as_long_as_the_design_says():
    assert (SessionSettings().idle_minutes, SessionSettings().absolute_hours) == (30, 12)
