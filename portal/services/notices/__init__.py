"""What requesters are told in DingTalk, each news once."""
