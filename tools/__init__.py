"""Set-up, notebook runner and notebook rules; run from the Makefile, imported by the tests."""
