"""What an institution does: what it can apply for, its file, the white list, consents; and everybody's inbox."""
