"""How much the property tests of this folder try: enough to meet every branch, few enough to run often."""

from hypothesis import settings

# A busy machine makes single examples slow now and then, which says nothing about the code.
settings.register_profile("unit", max_examples=60, deadline=None)
settings.register_profile("thorough", parent=settings.get_profile("unit"), max_examples=3000)
settings.load_profile("unit")
