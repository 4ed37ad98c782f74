"""Never lost, never doubled: real processes, killed at every step, compared with what DingTalk holds in the end."""
