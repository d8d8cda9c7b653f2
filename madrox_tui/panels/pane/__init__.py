"""The panel that shows a terminal, as it is or as it was."""
