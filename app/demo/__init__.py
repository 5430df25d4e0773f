"""A believable province that does not exist, for trying the service out and for measuring it."""
