"""Pure functions that decode lines to records and encode records to lines."""
