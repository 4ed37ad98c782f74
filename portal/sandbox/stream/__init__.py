"""DingTalk's Stream gateway: tickets over HTTP, then events over a websocket."""
