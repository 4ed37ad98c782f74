"""Where approvals are decided: one folder a channel, our words in and our words out."""
