"""The one door through which a file of somebody else comes in: small, of a known kind, and never run."""
