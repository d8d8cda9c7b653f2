"""The panel that lists the instances."""
