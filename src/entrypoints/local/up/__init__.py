"""Everything on one machine with one command, for development and demonstrations."""
