"""Find words and constructions that docs/glossary.md and CONTRIBUTING.md exclude."""
