"""DingTalk as a channel: translates between our words and the vendor's."""
