"""The front door: enquiries of organizations, individuals and employers, their clock and their thread."""
