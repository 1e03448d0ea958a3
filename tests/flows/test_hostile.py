"""A hostile sender: what it sends is refused or harmless, told within seconds, and stays small."""

import base64
import time

import httpx2
import msgspec
import pytest

from system import EdgeDouble, System, wait_for
from watchline_sensors.contract import Health, encode_envelope, signing_input

pytestmark = [pytest.mark.flow, pytest.mark.slow]


def beat() -> Health:
    return Health(sensor="radar", at_us=time.time_ns() // 1000, state="ok")


def ledger(system: System) -> tuple:
    (row,) = system.query(
        """SELECT settled::text, highest_seq, detections + others + quarantined + lost,
                  pg_column_size(l.*) FROM ledger l"""
    )
    return row


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_what_a_hostile_sender_tries_is_refused_and_told(system: System, edge: EdgeDouble):
    browser = system.login()

    def told(reason: str) -> dict:
        begun = time.monotonic()
        (alarm,) = wait_for(
            reason,
            lambda: [
                a for a in browser.get("/api/health").json() if a["params"].get("reason") == reason
            ],
            10,
        )
        print(f"{reason} told after {time.monotonic() - begun:.1f} s")
        assert alarm["severity"] == "critical"
        return alarm

    genuine = encode_envelope(edge.envelope(beat()))
    assert edge.post(genuine).is_success
    edge.until_settled()
    before = ledger(system)
    assert before[:3] == ("{[1,3)}", 2, 2)

    # Replayed: it is there already. Altered: the signature is of other bytes.
    assert edge.post(genuine).is_success
    signature = base64.b64encode(edge.key.sign(signing_input(genuine))).decode()
    altered = edge.post(genuine[:-1] + b"x", **{"watchline-signature": signature})
    assert refused(altered) == (401, "envelope.signature_wrong")
    # Signed by another key, under the name of the edge.
    stranger = EdgeDouble(system, "edge-a")
    assert refused(stranger.post(genuine)) == (401, "envelope.signature_wrong")
    alarm = told("envelope.signature_wrong")
    assert alarm["code"] == "uplink.edge_refused" and alarm["params"]["edge"] == "edge-a"
    nobody = EdgeDouble(system, "edge-x")
    for _ in range(8):
        assert refused(nobody.post(genuine)) == (403, "edge.unknown")
        time.sleep(0.8)
    assert told("edge.unknown")["code"] == "uplink.stranger_refused"

    # Its own key, but seqs that cannot be.
    def seqs(*those: int, highest: int) -> httpx2.Response:
        raw = msgspec.Raw(msgspec.msgpack.encode(beat()))
        return edge.post(
            encode_envelope(
                edge.envelope(seqs=list(those), items=[raw] * len(those), highest_seq=highest)
            )
        )

    assert refused(seqs(2**61, highest=2**61)) == (409, "ledger.seq_jump")
    assert refused(seqs(0, highest=9)) == (400, "envelope.frame_invalid")
    assert refused(seqs(9, highest=3)) == (400, "envelope.frame_invalid")
    assert told("ledger.seq_jump")["sector"] == "test"

    # Every second seq up to 200,000: 100,000 holes.
    answers = [
        seqs(*range(first, first + 1000, 2), highest=200_000) for first in range(4, 199_000, 1000)
    ]
    taken = [answer.is_success for answer in answers]
    assert taken[0] and sum(taken) == 1
    assert {refused(answer) for answer in answers[1:]} == {(409, "ledger.too_many_holes")}
    told("ledger.too_many_holes")
    wait_for("the taken ones to be settled", lambda: ledger(system)[2] == 2 + 500)
    settled, highest, _, size = ledger(system)
    assert highest == 200_000 and settled.count("[") == 501 and size < 20_000
    # Filling the holes is welcome.
    assert seqs(*range(3, 1003, 2), highest=200_000).is_success
    wait_for("the holes to be filled", lambda: ledger(system)[0].count("[") < 4)
