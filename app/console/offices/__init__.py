"""What the central bank, auditors and administrators do: pushes, statistics, rates, the trail, people and keys."""
