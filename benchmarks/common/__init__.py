"""Start, load and watch what is measured."""
