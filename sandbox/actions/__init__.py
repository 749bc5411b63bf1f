"""Actions of people, used by the pages and by the control API."""
