"""The inbox of each office and institution: messages about what is due, and who has read them."""
