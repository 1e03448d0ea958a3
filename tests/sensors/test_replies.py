import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchline_sensors.contract import Receipt, encode_receipt
from watchline_sensors.replies import Backoff, Elsewhere, Later, Taken, judge

RECEIPT = Receipt(epoch=3, accepted=2, duplicate=1, settled=[(1, 4)])


def test_a_receipt_is_taken() -> None:
    assert judge(200, None, encode_receipt(RECEIPT)) == Taken(receipt=RECEIPT)


@pytest.mark.parametrize(
    ("receipt", "code"),
    [
        (b"", "receipt.malformed"),
        (encode_receipt(RECEIPT)[:-1], "receipt.malformed"),
        (encode_receipt(Receipt(version=2, epoch=1, accepted=0, duplicate=0)), "receipt.invalid"),
        (
            encode_receipt(Receipt(epoch=1, accepted=0, duplicate=0, settled=[(4, 4)])),
            "receipt.invalid",
        ),
        (
            encode_receipt(Receipt(epoch=1, accepted=0, duplicate=0, settled=[(-5, 4)])),
            "receipt.invalid",
        ),
    ],
)
def test_a_bad_receipt_frees_nothing(receipt: bytes, code: str) -> None:
    assert judge(200, None, receipt) == Later(code=code)


def test_a_redirection_names_the_owner() -> None:
    body = json.dumps(
        {"code": "uplink.misdirected", "params": {"owner": "http://10.0.0.2:8620/"}}
    ).encode()
    assert judge(421, None, body) == Elsewhere(owner="http://10.0.0.2:8620")


@pytest.mark.parametrize("owner", [None, 3, "", "file:///etc/passwd", "http://" + "x" * 600])
def test_a_redirection_to_nowhere_is_not_followed(owner: object) -> None:
    body = json.dumps({"code": "uplink.misdirected", "params": {"owner": owner}}).encode()
    assert judge(421, None, body) == Later(code="uplink.misdirected")


@pytest.mark.parametrize("status", [400, 401, 403, 409, 413, 422])
def test_a_refusal_carries_the_hubs_code(status: int) -> None:
    answer = judge(status, None, b'{"code": "uplink.edge_unknown"}')
    assert isinstance(answer, Later) and answer.refused
    assert (answer.code, answer.too_large) == ("uplink.edge_unknown", status == 413)


@pytest.mark.parametrize(
    ("retry_after", "wait_s"),
    [("3", 3.0), ("0", 0.0), ("999999999", 60.0), (None, None), ("soon", None), ("-1", None)],
)
def test_back_pressure_says_how_long(retry_after: str | None, wait_s: float | None) -> None:
    assert judge(429, retry_after, b"") == Later(code="uplink.http_429", wait_s=wait_s)
    assert judge(503, retry_after, b"") == Later(code="uplink.http_503", wait_s=wait_s)
    assert judge(500, retry_after, b"") == Later(code="uplink.http_500")


@given(st.integers(100, 599), st.none() | st.text(max_size=9), st.binary(max_size=200))
def test_no_answer_raises(status: int, retry_after: str | None, body: bytes) -> None:
    answer = judge(status, retry_after, body)
    assert isinstance(answer, Taken | Elsewhere | Later)
    if isinstance(answer, Later):
        assert 0 < len(answer.code) <= 64


def test_the_wait_doubles_up_to_its_longest() -> None:
    backoff = Backoff(5.0, jitter=lambda: 0.0)
    assert [backoff.failed() for _ in range(7)] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    backoff.succeeded()
    assert backoff.failed() == 0.2
    assert Backoff(5.0, jitter=lambda: 1.0).failed() == 0.1
    for _ in range(5000):  # no overflow
        backoff.failed()
