"""The white list: nominations and their review, batches, and the entries that they publish."""
