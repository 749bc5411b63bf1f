"""Start the measured processes, generate load, and read their CPU."""
