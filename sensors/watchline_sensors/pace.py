"""How large an envelope may be on this link; pure.

On 256 kbit/s a full envelope takes half a minute, in which nothing live gets through. So an
envelope holds what the link carries in half a second, as measured on those before it.
"""

_LEAST_BYTES = 8 * 1024
_FIRST_BYTES = 16 * 1024
_MOST_BYTES = 1024 * 1024
_TRANSFER_S = 0.5
#: How fast what was learned is doubted, each envelope.
_DOUBT = 1.01


class Pace:
    """The size of the next envelope, learned from how long others took; one for both lanes.

    >>> pace = Pace(); pace.took(16_000, 0.8); pace.max_bytes
    10000
    """

    def __init__(self) -> None:
        self.max_bytes = _FIRST_BYTES
        self._ceiling = float(_MOST_BYTES)
        self._latency_s: float | None = None

    def took(self, size: int, seconds: float) -> None:
        """An envelope of this size was answered after so many seconds.

        What the smallest need anyway (a round trip, the hub's work) is no matter of size; on
        a distant link the window opens by what is sent in one such latency, so that is
        always allowed.
        """
        latency_s = 0.0 if self._latency_s is None else self._latency_s
        if size < _LEAST_BYTES:
            known_s = seconds if self._latency_s is None else latency_s * _DOUBT
            self._latency_s = min(known_s, seconds)
        self._ceiling = min(self._ceiling * _DOUBT, _MOST_BYTES)
        if size < self.max_bytes / 2:
            return  # it says nothing of larger ones
        allowed_s = max(_TRANSFER_S, latency_s)
        transfer_s = seconds - latency_s
        fits = size * allowed_s / transfer_s if transfer_s > allowed_s else self.max_bytes * 2.0
        self._set(fits)

    def failed(self) -> None:
        """An envelope got no answer: whatever link comes back is one to learn anew."""
        self._set(min(self.max_bytes / 2, _FIRST_BYTES))

    def too_large(self, size: int) -> None:
        """Something on the way does not pass an envelope of this size."""
        self._ceiling = size / 2
        self._set(self.max_bytes)

    def _set(self, fits: float) -> None:
        self.max_bytes = int(min(max(fits, _LEAST_BYTES), self._ceiling))
