"""The process that listens to DingTalk's events by Stream."""
