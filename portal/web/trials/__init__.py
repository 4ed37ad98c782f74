"""Test of the whole chain, shown live."""
