"""What can go wrong with the tracker."""

from watchline.errors import WatchlineError


class TrackerError(WatchlineError):
    """The tracker cannot go on."""

    code = "tracker.failed"


class StateUnreadable(TrackerError):
    """These bytes are not a tracker state of this version."""

    code = "tracker.state_unreadable"


class BatchDisordered(TrackerError):
    """A batch is not sorted by time, or holds what is older than the track clock."""

    code = "tracker.batch_disordered"
