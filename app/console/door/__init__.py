"""Coming in and going out; in the demonstration, without a password."""
