"""DingTalk's HTTP API as the sandbox answers it."""
