"""The four panels: each shows its part of one `View`."""
