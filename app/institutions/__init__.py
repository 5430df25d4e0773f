"""Institutions with their projects, needs, loans, attestations and attachments, recorded version by version."""
