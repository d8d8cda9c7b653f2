"""What `--once` and `--json` print. Needs no Textual."""
