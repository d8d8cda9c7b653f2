"""The four panels, each in a folder with what it shows."""
