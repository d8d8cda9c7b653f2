"""From the bytes on disk to records. Never imports `logging_core.write`."""
