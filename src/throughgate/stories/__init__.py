"""Stories of second chances, told only with a consent that can be taken back."""
