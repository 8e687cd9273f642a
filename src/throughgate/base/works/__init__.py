"""Long work that people wait for: started, how far, what is left, result or reason."""
