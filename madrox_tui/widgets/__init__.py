"""Widgets that know nothing of instances or logs."""
