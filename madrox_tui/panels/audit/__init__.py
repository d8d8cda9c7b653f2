"""The panel that says what it costs and how long it takes."""
