"""Asked by a person, answered by an edge, seen by people: hash, audit trail, times, refusals."""

import base64
import hashlib
from datetime import timedelta

import msgspec
import pytest

from footage_edge import JPEG, WEBM
from watchline.access.model import POLICY, Action, Role
from watchline.audit import store as audit
from watchline.errors import RangeUnsatisfiable
from watchline.footage import ranges
from watchline.footage.looks import SAME_LOOK_S, Looks
from watchline_sensors.contract import (
    MAX_FOOTAGE_BYTES,
    FootageAnswer,
    FootageCall,
    FootageKind,
    LivePicture,
    Outline,
)

NOBODY = "01900000-0000-7000-8000-0000000000ff"


def trail(hub, op):
    with hub.database.connect("owner") as connection:
        assert audit.verify_chain(connection, "test").holds
    return hub.query("SELECT actor, object, detail FROM audit_event WHERE op = %s ORDER BY no", op)


async def kept(edge, ask, kind="snapshot", octets=JPEG, seconds=0):
    """The id of a piece that the edge has answered."""
    asked = await ask(kind, seconds)
    assert asked.status_code == 201, asked.text
    (wanted,) = (await edge.wanted()).footage
    answer = await edge.answer(wanted, octets)
    assert answer.status_code == 204, answer.text
    return asked.json()["id"]


async def test_a_snapshot_from_the_question_to_the_picture(hub, admin, edge, ask, make_incident):
    incident = make_incident()
    assert (await admin.get(f"/api/incidents/{incident}/footage")).json() == []
    asked = await ask(incident=incident)
    assert asked.status_code == 201
    piece = asked.json()
    assert (piece["state"], piece["asked_by"], piece["sha256"]) == ("asked", "administrator", None)
    assert piece["outlines"] == [] and piece["edge"] == "mast" and piece["code"] is None
    not_yet = await admin.get(f"/api/footage/{piece['id']}/octets")
    assert (not_yet.status_code, not_yet.json()["code"]) == (404, "footage.not_kept")
    assert not_yet.json()["params"] == {"state": "asked", "code": None}

    (wanted,) = (await edge.wanted()).footage
    assert (wanted.id, wanted.sensor, wanted.kind) == (piece["id"], "thermal", FootageKind.SNAPSHOT)
    assert wanted.from_us == wanted.until_us
    outline = Outline(sensor_track="7", x0=0.1, y0=0.2, x1=0.3, y1=0.4)
    assert (await edge.answer(wanted, JPEG, outlines=[outline])).status_code == 204
    assert (await edge.wanted()).footage == []

    (listed,) = (await admin.get(f"/api/incidents/{incident}/footage")).json()
    assert listed == (await admin.get(f"/api/footage/{piece['id']}")).json()
    sha256 = hashlib.sha256(JPEG).hexdigest()
    assert (listed["state"], listed["sha256"], listed["bytes"]) == ("kept", sha256, len(JPEG))
    assert listed["outlines"] == [{"sensor_track": "7", "x0": 0.1, "y0": 0.2, "x1": 0.3, "y1": 0.4}]
    assert listed["first_at"] == listed["last_at"] == piece["from"]

    picture = await admin.get(f"/api/footage/{piece['id']}/octets")
    assert (picture.status_code, picture.content) == (200, JPEG)
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.headers["cache-control"] == "private, no-store"
    assert picture.headers["content-disposition"] == f'inline; filename="{piece["id"]}.jpg"'
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert picture.headers["etag"] == f'"{sha256}"'

    ((user,),) = hub.query("SELECT id::text FROM user_account")
    ((actor, what, detail),) = trail(hub, "footage.ask")
    assert (actor, what) == (user, f"footage {piece['id']}")
    assert detail["incident"] == incident and detail["reason"].startswith("somebody")
    ((actor, _, detail),) = trail(hub, "footage.keep")
    assert (actor, detail["sha256"]) == ("machine", sha256)
    ((actor, what, detail),) = trail(hub, "footage.view")
    assert (actor, what, detail["sha256"]) == (user, f"footage {piece['id']}", sha256)


async def test_a_clip_is_read_in_stretches_and_that_is_one_look(hub, admin, edge, ask):
    id = await kept(edge, ask, "clip", WEBM, 20)
    address = f"/api/footage/{id}/octets"
    whole = await admin.get(address)
    assert (whole.status_code, whole.content) == (200, WEBM)
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["content-type"] == "video/webm"
    tag = whole.headers["etag"]

    async def part(value, **more):
        return await admin.get(address, headers={"Range": value, **more})

    for asked, (first, last) in {
        "bytes=0-": (0, len(WEBM) - 1),
        "bytes=2-9": (2, 9),
        "bytes=1000-99999": (1000, len(WEBM) - 1),
        "bytes=-5": (len(WEBM) - 5, len(WEBM) - 1),
    }.items():
        answer = await part(asked)
        assert (answer.status_code, answer.content) == (206, WEBM[first : last + 1])
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(WEBM)}"
        assert answer.headers["content-length"] == str(last - first + 1)
    beyond = await part(f"bytes={len(WEBM)}-")
    assert (beyond.status_code, beyond.json()["code"]) == (416, "request.range_unsatisfiable")
    assert beyond.headers["content-range"] == f"bytes */{len(WEBM)}"
    assert (await part("bytes=0-1,4-5")).status_code == 200
    assert (await part("bytes=0-1", **{"If-Range": tag})).status_code == 206
    assert (await part("bytes=0-1", **{"If-Range": '"another"'})).status_code == 200
    again = await admin.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert len(trail(hub, "footage.view")) == 1


def test_a_look_is_new_after_a_while_and_for_another_person():
    looks, (a, b) = Looks(), (NOBODY, "other")
    assert looks.is_new(a, a, 0.0)
    looks.note(a, a, 0.0)
    assert not looks.is_new(a, a, SAME_LOOK_S)
    assert looks.is_new(b, a, 0.0) and looks.is_new(a, b, 0.0)
    assert looks.is_new(a, a, SAME_LOOK_S + 0.1)


def test_ranges():
    whole = (None, "", "bytes", "bytes=", "bytes=-", "items=1-2", "bytes=5-2", "bytes=1-2,3-4")
    assert [ranges.stretch(header, 10) for header in whole] == [None] * len(whole)
    assert ranges.stretch("bytes=0-0", 10) == (0, 0) and ranges.stretch("bytes=-99", 10) == (0, 9)
    for header in ("bytes=10-", "bytes=10-20", "bytes=-0"):
        with pytest.raises(RangeUnsatisfiable):
            ranges.stretch(header, 10)


WRONG_QUESTIONS = [
    ({"reason": "too short"}, 422, "request.invalid"),
    ({"reason": "          x          "}, 422, "request.invalid"),
    ({"reason": "with a \x00 in the middle"}, 422, "request.invalid"),
    ({"reason": "x" * 501}, 422, "request.invalid"),
    ({"sensor": "nowhere"}, 404, "sensor.unknown"),
    ({"sensor": "radar"}, 422, "footage.no_camera"),
    ({"incident": NOBODY}, 404, "incident.unknown"),
    ({"kind": "clip"}, 422, "footage.times_invalid"),
    ({"until": "2999-01-01T00:00:00Z", "from": "2999-01-01T00:00:00Z"}, 422, "footage.not_yet"),
    ({"until": None}, 422, "footage.times_invalid"),
    ({"at": "2026-01-01T00:00:00Z"}, 422, "footage.times_invalid"),
    ({"from": "2026-01-01T00:00:00"}, 422, "request.invalid"),
    ({"kind": "film"}, 422, "request.invalid"),
]


async def test_a_wrong_question_is_refused_and_asks_nobody(hub, edge, ask, subtests):
    for changes, status, code in WRONG_QUESTIONS:
        with subtests.test(changes=changes):
            answer = await ask(**changes)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert (await edge.wanted()).footage == [] and trail(hub, "footage.ask") == []


async def test_how_long_a_clip_may_be_and_how_far_ahead(edge, ask, now):
    assert (await ask("clip", 120)).status_code == 201
    too_long = await ask("clip", 120.001)
    assert too_long.json()["code"] == "footage.times_invalid"
    assert too_long.json()["params"] == {"most_s": 120}
    soon = (now + timedelta(seconds=55)).isoformat()
    late = (now + timedelta(seconds=75)).isoformat()
    assert (await ask(**{"from": None, "until": None, "at": soon})).status_code == 201
    refused = await ask(**{"from": None, "until": None, "at": late})
    assert refused.json()["code"] == "footage.not_yet"
    assert [piece.kind for piece in (await edge.wanted()).footage] == ["clip", "snapshot"]


async def test_an_incident_of_another_sector_is_none(hub, admin, edge, ask, make_incident):
    incident = make_incident()
    hub.execute(
        """INSERT INTO sector (id, name, geom, origin, time_zone)
           SELECT 'far', 'Far', geom, origin, time_zone FROM sector"""
    )
    hub.execute("UPDATE sensor SET sector_id = 'far' WHERE id = 'lens'")
    refused = await ask(sensor="lens", incident=incident)
    assert (refused.status_code, refused.json()["code"]) == (404, "incident.unknown")


async def test_a_person_may_ask_twenty_times_in_ten_minutes(hub, edge, ask):
    for _ in range(20):
        assert (await ask()).status_code == 201
    refused = await ask()
    assert (refused.status_code, refused.json()["code"]) == (429, "footage.too_many")
    params = refused.json()["params"]
    assert (params["most"], params["minutes"]) == (20, 10) and 590 <= params["retry_after_s"] <= 600
    assert refused.headers["retry-after"] == str(params["retry_after_s"])
    hub.execute("UPDATE footage SET asked_at = asked_at - interval '10 min'")
    assert (await ask()).status_code == 201


# ── edges ─────────────────────────────────────────────────────────────────────────────────────
async def test_only_an_enrolled_edge_with_its_own_key_is_heard(hub, edge, stranger):
    call = msgspec.msgpack.encode(FootageCall(edge="mast", at_us=1, cameras=[]))
    other = msgspec.msgpack.encode(FootageCall(edge="hill", at_us=1, cameras=[]))
    for path in ("/api/footage/wanted", "/api/footage/answer", "/api/footage/live"):

        async def told(body, sent=edge, at=path, **headers):
            answer = await sent.post(at, body, **headers)
            assert answer.headers["content-type"] == "application/problem+json"
            return answer.status_code, answer.json()["code"]

        forged = {"Watchline-Signature": base64.b64encode(bytes(64)).decode()}
        assert await told(call, **forged) == (401, "envelope.signature_wrong")
        for nonsense in ("", "!", "AAAA"):
            answer = await told(call, **{"Watchline-Signature": nonsense})
            assert answer == (401, "envelope.signature_wrong")
        for name in ("nobody", "", "../x", "x" * 65):
            assert await told(call, **{"Watchline-Edge": name}) == (403, "edge.unknown")
        assert await told(call, stranger, **{"Watchline-Edge": "mast"}) == (
            401,
            "envelope.signature_wrong",
        )
        for malformed in (b"", b"\xc1", b"\x80", msgspec.msgpack.encode({"edge": 1})):
            assert await told(malformed) == (400, "footage.malformed")
    assert (await edge.post("/api/footage/wanted", other)).json()[
        "code"
    ] == "envelope.edge_mismatch"
    hub.execute("UPDATE edge SET enabled = false WHERE id = 'mast'")
    assert (await edge.post("/api/footage/wanted", call)).json()["code"] == "edge.unknown"


async def test_an_edge_is_told_of_its_own_alone_and_answers_no_other(edge, stranger, ask, admin):
    id = (await ask()).json()["id"]
    (wanted,) = (await edge.wanted()).footage
    assert (await stranger.wanted()).footage == []
    refused = await stranger.answer(wanted, JPEG)
    assert (refused.status_code, refused.json()["code"]) == (404, "footage.unknown")
    for unknown in (NOBODY, "x", "\x00", "é" * 64):
        answer = await edge.answer(msgspec.structs.replace(wanted, id=unknown), JPEG)
        assert (answer.status_code, answer.json()["code"]) == (404, "footage.unknown")
    assert (await admin.get(f"/api/footage/{id}")).json()["state"] == "asked"


async def test_the_same_answer_twice_is_one_and_another_is_none(hub, edge, ask, admin):
    id = await kept(edge, ask)
    piece = (await admin.get(f"/api/footage/{id}")).json()
    wanted = msgspec.structs.replace(await _as_wanted(hub, id))
    assert (await edge.answer(wanted, JPEG)).status_code == 204
    for other in ({"octets": JPEG + b"x"}, {"code": "footage.absent", "media_type": ""}):
        refused = await edge.answer(wanted, **other)
        assert (refused.status_code, refused.json()["code"]) == (410, "footage.not_asked")
    assert (await admin.get(f"/api/footage/{id}")).json() == piece
    assert (await admin.get(f"/api/footage/{id}/octets")).content == JPEG
    assert len(trail(hub, "footage.keep")) == 1


async def _as_wanted(hub, id):
    from watchline_sensors.contract import WantedFootage

    ((kind, from_us, until_us),) = hub.query(
        """SELECT kind, (extract(epoch FROM from_at) * 1e6)::bigint,
                  (extract(epoch FROM until_at) * 1e6)::bigint FROM footage WHERE id = %s""",
        id,
    )
    return WantedFootage(
        id=id, sensor="thermal", kind=FootageKind(kind), from_us=from_us, until_us=until_us
    )


@pytest.mark.parametrize("code", ["footage.absent", "footage.expired", "footage.camera_unknown"])
async def test_an_edge_may_have_nothing(edge, ask, admin, code):
    id = (await ask()).json()["id"]
    (wanted,) = (await edge.wanted()).footage
    for _ in range(2):
        answer = await edge.answer(wanted, code=code, media_type="")
        assert answer.status_code == 204
    piece = (await admin.get(f"/api/footage/{id}")).json()
    assert (piece["state"], piece["code"], piece["sha256"]) == ("absent", code, None)
    none = await admin.get(f"/api/footage/{id}/octets")
    assert none.json()["params"] == {"state": "absent", "code": code}
    assert (await edge.answer(wanted, JPEG)).json()["code"] == "footage.not_asked"


S = 1_000_000


WRONG_ANSWERS = [
    ("snapshot", {"media_type": "video/webm"}, "footage.media_wrong"),
    ("clip", {"media_type": "text/html"}, "footage.media_wrong"),
    ("snapshot", {"octets": WEBM}, "footage.octets_wrong"),
    ("clip", {"octets": b"<html>"}, "footage.octets_wrong"),
    ("snapshot", {"octets": b""}, "footage.octets_wrong"),
    ("snapshot", {"frames": 0}, "footage.octets_wrong"),
    ("snapshot", {"frames": 2**40}, "footage.octets_wrong"),
    (
        "snapshot",
        {"outlines": [Outline(sensor_track="a\x00", x0=0, y0=0, x1=1, y1=1)]},
        "footage.octets_wrong",
    ),
    ("clip", {"from_us": 2**61}, "footage.times_invalid"),
    ("clip", {"until_us": 2**61}, "footage.times_invalid"),
    ("clip", {"from_us": 0}, "footage.times_invalid"),
    ("snapshot", {"code": "footage.odd", "octets": b""}, "footage.code_wrong"),
    ("snapshot", {"code": "footage.absent"}, "footage.code_wrong"),
]


async def test_an_answer_that_is_none_is_refused_once_and_keeps_nothing(
    hub, edge, ask, admin, subtests
):
    for kind, changes, code in WRONG_ANSWERS:
        with subtests.test(kind=kind, changes=changes):
            id = (await ask(kind, 20 if kind == "clip" else 0)).json()["id"]
            (wanted,) = (await edge.wanted()).footage
            octets = {"snapshot": JPEG, "clip": WEBM}[kind]
            refused = await edge.answer(wanted, **{"octets": octets} | changes)
            assert (refused.status_code, refused.json()["code"]) == (422, code)
            piece = (await admin.get(f"/api/footage/{id}")).json()
            assert (piece["state"], piece["code"]) == ("absent", code)
            assert (await edge.wanted()).footage == []  # or it would be sent again and again
            assert hub.query("SELECT count(*) FROM footage_octets") == [(0,)]


async def test_the_largest_answer_is_taken_and_a_larger_one_not(edge, ask, admin, hub):
    id = (await ask("clip", 20)).json()["id"]
    (wanted,) = (await edge.wanted()).footage
    largest = WEBM[:4] + bytes(MAX_FOOTAGE_BYTES - 4)
    body = FootageAnswer(edge="mast", id=id, octets=largest)
    larger = msgspec.msgpack.encode(msgspec.structs.replace(body, octets=largest + b"\0"))
    refused = await edge.post("/api/footage/answer", larger)
    assert (refused.status_code, refused.json()["code"]) == (400, "footage.malformed")
    refused = await edge.post("/api/footage/answer", bytes(MAX_FOOTAGE_BYTES + 100_000))
    assert (refused.status_code, refused.json()["code"]) == (413, "request.too_large")
    for path in ("/api/footage/wanted", "/api/footage/live"):
        refused = await edge.post(path, bytes(500_000))
        assert (refused.status_code, refused.json()["code"]) == (413, "request.too_large")
    assert (await edge.answer(wanted, largest)).status_code == 204
    end = await admin.get(f"/api/footage/{id}/octets", headers={"Range": "bytes=7999990-"})
    assert (end.status_code, end.content) == (206, bytes(10))


async def test_a_live_picture_is_the_edges_own_and_a_picture(edge, stranger):
    async def told(sensor, octets=JPEG):
        picture = LivePicture(edge="mast", sensor=sensor, at_us=1, octets=octets)
        answer = await edge.post("/api/footage/live", msgspec.msgpack.encode(picture))
        return answer.status_code, answer.json()["code"]

    for sensor in ("other", "nowhere", "\x00", "a\x00b"):
        assert await told(sensor) == (403, "footage.sensor_foreign")
    assert await told("thermal", WEBM) == (422, "footage.octets_wrong")
    assert await told("thermal", b"") == (422, "footage.octets_wrong")
    assert not await edge.show("thermal")


async def test_what_does_not_exist_is_404(admin, edge):
    for path in (f"/api/footage/{NOBODY}", f"/api/footage/{NOBODY}/octets"):
        answer = await admin.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "footage.unknown")
    answer = await admin.get(f"/api/incidents/{NOBODY}/footage")
    assert (answer.status_code, answer.json()["code"]) == (404, "incident.unknown")
    for sensor, code in (("nowhere", "sensor.unknown"), ("radar", "footage.no_camera")):
        answer = await admin.get(f"/api/sensors/{sensor}/live.mjpeg?reason=check")
        assert answer.json()["code"] == code
    answer = await admin.get("/api/sensors/thermal/live.mjpeg")
    assert answer.json()["code"] == "request.invalid"


async def test_what_the_hub_tells_of_footage_is_in_the_interface_document(admin):
    document = (await admin.get("/api/openapi.json")).json()
    view = document["components"]["schemas"]["FootageView"]["properties"]
    assert {"from", "until", "sha256", "outlines", "expires_at"} <= set(view)
    octets = document["paths"]["/api/footage/{id}/octets"]["get"]["responses"]
    assert "video/webm" in octets["200"]["content"] and "206" in octets


async def test_each_route_asks_for_its_own_action(admin, edge, ask, make_incident, monkeypatch):
    id = await kept(edge, ask)
    incident = make_incident()
    routes = {
        f"/api/incidents/{incident}/footage": "see_footage",
        f"/api/footage/{id}": "see_footage",
        f"/api/footage/{id}/octets": "see_footage",
        "/api/sensors/thermal/live.mjpeg?reason=check": "watch_live",
    }
    for action in {*routes.values(), "ask_footage"}:
        others = frozenset(set(Action) - {Action(action)})
        monkeypatch.setitem(POLICY, Role.ADMINISTRATOR, others)
        refused = [await admin.get(path) for path, needs in routes.items() if needs == action]
        if action == "ask_footage":
            refused = [await ask()]
        for answer in refused:
            assert (answer.status_code, answer.json()["code"]) == (403, "access.forbidden")
            assert answer.json()["params"] == {"action": action}
