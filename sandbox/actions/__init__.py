"""What a person can do here: the same actions for pages and for the control API."""
