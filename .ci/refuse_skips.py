"""Fails where tests were skipped for want of a browser or PostgreSQL: here both were installed."""

import re
import sys
from xml.etree import ElementTree

skipped = [
    f"{case.get('classname')}::{case.get('name')}: {skip.get('message')}"
    for case in ElementTree.parse(sys.argv[1]).iter("testcase")  # noqa: S314 - pytest wrote it a moment ago
    for skip in case.findall("skipped")
    if re.search("chromium|browser|playwright|postgres", skip.get("message", ""), re.IGNORECASE)
]
if skipped:
    sys.exit("These must not be skipped here:\n" + "\n".join(skipped))
