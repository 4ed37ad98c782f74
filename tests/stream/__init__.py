"""Events by Stream: the listener, its process and the settings that steer it."""
