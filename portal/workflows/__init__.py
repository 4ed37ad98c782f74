"""Work in the background: what is due is handed to DBOS queues, which keep DingTalk's rate limits."""
