"""The panel that lists the messages of all instances."""
