"""The audit events behind a number, and what was said in them."""
