"""Which looks at a picture are one look: a player reads a clip in many pieces."""

from uuid import UUID

#: Reading on within this is the same look.
SAME_LOOK_S = 60.0


class Looks:
    """Who has looked at what lately."""

    def __init__(self) -> None:
        self._at: dict[tuple[UUID, UUID], float] = {}

    def is_new(self, user: UUID, footage: UUID, now: float) -> bool:
        """Whether this is another look than the last one; `now` is a monotonic clock's, seconds."""
        last = self._at.get((user, footage))
        return last is None or now - last > SAME_LOOK_S

    def note(self, user: UUID, footage: UUID, now: float) -> None:
        """Remember that somebody looks, once the audit trail does."""
        self._at = {key: at for key, at in self._at.items() if now - at <= SAME_LOOK_S}
        self._at[user, footage] = now
