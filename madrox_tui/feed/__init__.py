"""From the log tree to what the screen shows. Knows nothing of the screen."""
