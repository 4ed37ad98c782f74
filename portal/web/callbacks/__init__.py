"""Where DingTalk sends its events."""
