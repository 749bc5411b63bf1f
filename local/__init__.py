"""Everything on one machine with one command: embedded servers, the service, the sandbox GitHub and demo data.

Only a checkout has this package. The wheel and the production image do not contain it (docs/adr/0037).
"""
