"""The audit trail: who wrote, read and was refused; sealed so that tampering shows ([A-64] to [A-68])."""
