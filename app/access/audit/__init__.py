"""The audit trail: who did what, from where, in hash chains that nobody can bend unseen."""
