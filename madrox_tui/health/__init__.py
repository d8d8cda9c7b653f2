"""The log health report."""
