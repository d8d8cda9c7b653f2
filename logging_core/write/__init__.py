"""From a call to the bytes on disk. Never imports `logging_core.read`."""
