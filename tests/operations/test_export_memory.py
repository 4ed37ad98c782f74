"""A file of any length costs the web process no more memory than a short one."""

from __future__ import annotations

import pytest

from bench.exports import measure

REQUESTS = 200_000
MOST_GROWN_MEGABYTES = 50


@pytest.mark.slow
def test_a_long_file_is_whole_and_needs_little_memory() -> None:
    figures = measure(requests=REQUESTS)
    assert figures["lines"] == REQUESTS
    assert figures["rss_grown_mb"] <= MOST_GROWN_MEGABYTES
