"""What runs in DingTalk: read, applied, followed until it ends."""
