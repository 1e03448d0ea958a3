import pytest

from watchline_sensors.pace import Pace


def _sent(pace: Pace, bytes_per_s: float, latency_s: float, envelopes: int) -> list[float]:
    """How long each of these full envelopes takes, an empty one between two of them."""
    took = []
    for _ in range(envelopes):
        pace.took(500, latency_s)
        size = pace.max_bytes
        took.append(latency_s + size / bytes_per_s)
        if took[-1] > 10:
            pace.failed()
        else:
            pace.took(size, took[-1])
    return took


@pytest.mark.parametrize("bits_per_s", [32_000, 256_000, 2_000_000])
def test_on_a_slow_link_an_envelope_takes_about_half_a_second(bits_per_s: int) -> None:
    took = _sent(Pace(), bits_per_s / 8, 0.05, 30)
    least_s = 0.05 + 8192 / (bits_per_s / 8)
    assert max(took[5:]) <= max(1.1, least_s)
    assert min(took[5:]) >= min(0.25, least_s), "nor is it wasted"


def test_on_a_fast_link_envelopes_are_soon_full() -> None:
    pace = Pace()
    _sent(pace, 10e6, 0.002, 8)
    assert pace.max_bytes == 1024 * 1024


def test_a_distant_link_is_not_taken_for_a_slow_one() -> None:
    pace = Pace()
    _sent(pace, 10e6, 0.7, 8)
    assert pace.max_bytes == 1024 * 1024


def test_a_link_that_gets_worse_and_better_is_followed() -> None:
    pace = Pace()
    _sent(pace, 10e6, 0.01, 10)
    _sent(pace, 30_000, 0.01, 10)
    assert pace.max_bytes < 40_000
    _sent(pace, 10e6, 0.01, 10)
    assert pace.max_bytes == 1024 * 1024


def test_a_link_that_was_cut_is_learned_anew() -> None:
    pace = Pace()
    _sent(pace, 10e6, 0.01, 10)
    pace.failed()
    assert pace.max_bytes <= 16 * 1024
    assert max(_sent(pace, 32_000, 0.05, 10)) < 1.2


def test_a_small_envelope_that_waited_says_nothing_of_large_ones() -> None:
    pace = Pace()
    _sent(pace, 10e6, 0.01, 10)
    pace.took(600, 3.0)
    assert pace.max_bytes == 1024 * 1024


def test_what_was_too_large_is_not_sent_again_soon_but_some_day() -> None:
    pace = Pace()
    _sent(pace, 10e6, 0.01, 10)
    pace.too_large(1_000_000)
    pace.too_large(500_000)
    _sent(pace, 10e6, 0.01, 10)
    assert 250_000 <= pace.max_bytes < 320_000
    _sent(pace, 10e6, 0.01, 200)
    assert pace.max_bytes > 900_000
