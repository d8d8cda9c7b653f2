"""The writer: from a call to bytes on disk. Never imports `logging_core.read`."""
