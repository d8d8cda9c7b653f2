"""Bytes to record and back, one line each; pure functions."""
