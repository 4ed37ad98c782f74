"""What ends the demo before its time."""


class DemoProblemError(Exception):
    """What stands in the way and what to do about it, in words for whoever started the demo."""


class StopRequestedError(Exception):
    """Somebody asked the demo to end; not a failure."""
