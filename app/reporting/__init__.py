"""Statistics over the white list and what banks made of it, down to the rows behind every figure."""
