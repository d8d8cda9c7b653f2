"""The four panels; each shows its part of the current `View`."""
